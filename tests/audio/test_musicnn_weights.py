"""The maker of the weights: its reader on a small checkpoint written here, and what is stored."""

from __future__ import annotations

import importlib.util
import io
import os
import zipfile
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.testing import assert_array_equal

ROOT = Path(__file__).resolve().parents[2]
NETWORK = ROOT / "src" / "songatlas" / "audio" / "network"


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    """tools/make_musicnn_weights.py as a module."""
    spec = importlib.util.spec_from_file_location(
        "make_musicnn_weights", ROOT / "tools" / "make_musicnn_weights.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def varint(number: int) -> bytes:
    """Write a number with seven bits a byte."""
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*written, number])


def shared_length(one: bytes, other: bytes) -> int:
    """How many bytes two keys share at their beginning."""
    return next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def block(entries: list[tuple[bytes, bytes]], *, shared: bool = True) -> bytes:
    """Write a block of a LevelDB table with its compression byte and check bytes."""
    written, before = b"", b""
    for key, value in entries:
        n = shared_length(key, before) if shared else 0
        written += varint(n) + varint(len(key) - n) + varint(len(value)) + key[n:] + value
        before = key
    return written + (0).to_bytes(4, "little") + (1).to_bytes(4, "little") + bytes(5)


def table(blocks: list[list[tuple[bytes, bytes]]]) -> bytes:
    """Write a LevelDB table of some blocks."""
    written, places = b"", []
    for entries in blocks:
        packed = block(entries)
        places.append((entries[-1][0], varint(len(written)) + varint(len(packed) - 5)))
        written += packed
    index = block(places, shared=False)
    footer = varint(0) + varint(0) + varint(len(written)) + varint(len(index) - 5)
    return written + index + footer.ljust(48, b"\0")


def entry(shape: tuple[int, ...], offset: int, *, kind: int = 1) -> bytes:
    """Write the message of a tensor: type, shape, place in the file of numbers, size, check sum."""
    dimensions = [b"\x08" + varint(size) for size in shape]
    packed = b"".join(b"\x12" + varint(len(one)) + one for one in dimensions)
    place = (b"\x20" + varint(offset)) if offset else b""
    size = 4 * int(np.prod(shape))
    return (
        b"\x08" + varint(kind) + b"\x12" + varint(len(packed)) + packed + place + b"\x28" + varint(size)
        + b"\x35" + b"\1\2\3\4"
    )  # fmt: skip


def test_the_reader_reads_a_checkpoint(maker: ModuleType) -> None:
    numbers = np.arange(400, dtype="<f4")
    index = table(
        [
            [
                (b"", b"\x08\x01"),
                (b"conv2d/bias", entry((3,), 0)),
                (b"conv2d/kernel", entry((2, 1, 1, 3), 12)),
            ],
            [(b"conv2d/kernel/Adam", entry((2, 1, 1, 3), 36)), (b"dense/kernel", entry((17, 20), 60))],
            [(b"beta1_power", entry((), 1420))],
        ]
    )
    tensors = maker.read_checkpoint(index, numbers.tobytes())
    assert list(tensors) == ["conv2d/bias", "conv2d/kernel", "dense/kernel"]
    assert_array_equal(tensors["conv2d/bias"], [0, 1, 2])
    assert_array_equal(tensors["conv2d/kernel"], np.arange(3, 9).reshape(2, 1, 1, 3))
    assert_array_equal(tensors["dense/kernel"], np.arange(15, 355).reshape(17, 20))


def test_other_types_and_compressed_blocks_are_refused(maker: ModuleType) -> None:
    with pytest.raises(SystemExit, match=r"'conv2d/bias' has the type 3"):
        maker.read_checkpoint(table([[(b"conv2d/bias", entry((3,), 0, kind=3))]]), bytes(12))
    squeezed = bytearray(table([[(b"conv2d/bias", entry((3,), 0))]]))
    squeezed[len(block([(b"conv2d/bias", entry((3,), 0))])) - 5] = 1
    with pytest.raises(SystemExit, match="compressed"):
        maker.read_checkpoint(bytes(squeezed), bytes(12))


@pytest.mark.parametrize("number", [0, 1, 127, 128, 300, 2**35])
def test_varints(maker: ModuleType, number: int) -> None:
    assert maker.read_varint(b"?" + varint(number) + b"?", 1) == (number, 1 + len(varint(number)))


def test_the_archive_is_the_same_each_time(maker: ModuleType) -> None:
    arrays = {"b": np.arange(6, dtype="<f4").reshape(2, 3), "a": np.zeros(3, "<f4")}
    packed = maker.npz_bytes(arrays)
    assert packed == maker.npz_bytes(arrays)
    with np.load(io.BytesIO(packed), allow_pickle=False) as archive:
        assert archive.files == ["b", "a"]
        assert_array_equal(archive["b"], arrays["b"])


def test_another_wheel_is_refused(maker: ModuleType, tmp_path: Path) -> None:
    wheel = tmp_path / "musicnn.whl"
    wheel.write_bytes(b"no wheel")
    with pytest.raises(SystemExit, match=r"expected f38a4890"):
        maker.weights_of_wheel(wheel)


def test_what_is_stored_is_small_plain_and_licensed() -> None:
    with np.load(NETWORK / "musicnn_msd.npz", allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    assert {values.dtype for values in arrays.values()} == {np.dtype("<f4")}
    assert all(np.isfinite(values).all() for values in arrays.values())
    assert sum(values.size for values in arrays.values()) == 225_736
    assert (NETWORK / "musicnn_msd.npz").stat().st_size < 850_000
    licence = (NETWORK / "MUSICNN_LICENSE.txt").read_text(encoding="utf-8")
    assert "Copyright (c) Music Technology Group, Universitat Pompeu Fabra 2019" in licence
    assert "THE SOFTWARE IS PROVIDED" in licence


@pytest.mark.skipif(
    "SONGATLAS_MUSICNN_WHEEL" not in os.environ,
    reason="SONGATLAS_MUSICNN_WHEEL names no wheel of musicnn 0.1.0",
)
def test_what_is_stored_comes_from_the_wheel(maker: ModuleType) -> None:
    packed, licence = maker.weights_of_wheel(Path(os.environ["SONGATLAS_MUSICNN_WHEEL"]))
    with zipfile.ZipFile(io.BytesIO(packed)) as made, zipfile.ZipFile(NETWORK / "musicnn_msd.npz") as stored:
        assert made.namelist() == stored.namelist()
        assert [made.read(name) for name in made.namelist()] == [
            stored.read(name) for name in stored.namelist()
        ]
    assert licence == (NETWORK / "MUSICNN_LICENSE.txt").read_text(encoding="utf-8")
