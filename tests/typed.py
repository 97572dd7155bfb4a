"""`songatlas` as a person types it, run within this process: what it prints, and how it ends."""

from __future__ import annotations

import io
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pytest

from songatlas.cli import main


@dataclass(frozen=True)
class Ended:
    """How a command ended, in the words of `subprocess.CompletedProcess`."""

    returncode: int
    stdout: str
    stderr: str


def songatlas(*arguments: object, cwd: Path | None = None) -> Ended:
    """Run a command in a folder; what no user should see is raised here."""
    out, errors = io.StringIO(), io.StringIO()
    with (
        chdir(cwd or Path.cwd()),
        patch.object(sys, "argv", ["songatlas", *map(str, arguments)]),
        redirect_stdout(out),
        redirect_stderr(errors),
        pytest.raises(SystemExit) as ended,
    ):
        main()
    assert isinstance(ended.value.code, int)
    return Ended(ended.value.code, out.getvalue(), errors.getvalue())
