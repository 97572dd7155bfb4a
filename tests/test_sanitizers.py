"""The C kernels where every false step stops them: a few rounds here, many in `make sanitize`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}
TOOL_MISSING = 77
ROUNDS = "2"


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc: nothing to build the kernels with")
def test_no_address_is_wrong_and_nothing_is_undefined():
    done = subprocess.run(
        ["sh", str(ROOT / "tools" / "sanitize.sh"), "address", ROUNDS],
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == TOOL_MISSING and not IN_CI:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    assert done.returncode == 0, done.stderr
    assert "wrong calls refused" in done.stdout


def test_a_number_of_songs_that_overflows_is_refused():
    """How many strips so many songs fill was reckoned before anybody looked whether they are there."""
    kernels = pytest.importorskip("songatlas.kernels._kernels", reason="the C kernels were not built")
    for n_songs in (2**63 - 1, -(2**63), 0, 9):
        with pytest.raises(ValueError, match="songs 1 to"):
            kernels.compare(
                np.zeros((1, 2, 8), np.float32),
                n_songs,
                np.zeros((1, 2, 16), np.float32),
                np.array([0, 1]),
                np.zeros((1, 3), np.int32),
                np.array([0, 1]),
                np.ones(1),
                np.zeros((1, 1), np.int32),
                np.empty((1, 1)),
                0,
                1,
            )


def test_edges_that_overflow_are_refused():
    kernels = pytest.importorskip("songatlas.kernels._kernels", reason="the C kernels were not built")
    for edges in ([2**63 - 1, 0], [0, 2**63 - 1, -(2**63), 4], [-1, 4]):
        with pytest.raises(ValueError, match="edges must rise to 4"):
            kernels.text_hashes(b"song", np.array(edges), 0, np.empty(len(edges) - 1, np.int64))
