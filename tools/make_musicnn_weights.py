"""Makes the weights of the tagging network from the wheel of musicnn 0.1.0: no TensorFlow needed.

pip download musicnn==0.1.0 --no-deps
python tools/make_musicnn_weights.py musicnn-0.1.0-py3-none-any.whl [-o FILE.npz]

The wheel holds a TensorFlow checkpoint: an index (a LevelDB table of small protobuf messages) and one file of
numbers. 497 of the 561 filters that look at the sound first are dead: their kernels are zero, so that each
puts out one constant. Everything constant is folded away in float64, then written as float32; the network's
answers stay the same within rounding. The same wheel gives the same arrays, bit by bit. The licence of the
weights is written beside them.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

NETWORK = Path(__file__).resolve().parents[1] / "src" / "songatlas" / "audio" / "network"
WHEEL_SHA256 = "f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa"
CHECKPOINT = "musicnn/MSD_musicnn/"
LICENCE = "musicnn-0.1.0.dist-info/LICENSE.md"
FLOAT32 = 1
TABLE_FOOTER = 48
LEAST_WEIGHT = 1e-6
"""A filter without a weight as large as this is dead; the weakest one alive reaches 0.0009."""
EPSILON = 0.001
N_FRAMES = 187
BAND_FILTERS = ("conv2d", "conv2d_1")
TIME_FILTERS = ("conv2d_2", "conv2d_3", "conv2d_4")
MIDDLE = ("conv2d_5", "conv2d_6", "conv2d_7")
EARLIEST = (1980, 1, 1, 0, 0, 0)

Tensors = Mapping[str, NDArray[np.float64]]


def read_varint(buffer: bytes, at: int) -> tuple[int, int]:
    """Read a number of seven bits a byte, the lowest first; return it and where the next thing begins."""
    number = shift = 0
    while True:
        byte = buffer[at]
        at += 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return number, at


def block_entries(table: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield the keys and values of one block of a LevelDB table."""
    if table[offset + size]:
        raise SystemExit(f"a block of the checkpoint's index is compressed (kind {table[offset + size]})")
    block = table[offset : offset + size]
    n_restarts = int.from_bytes(block[-4:], "little")
    end = size - 4 * (n_restarts + 1)
    at, key = 0, b""
    while at < end:
        n_shared, at = read_varint(block, at)
        n_own, at = read_varint(block, at)
        n_value, at = read_varint(block, at)
        key = key[:n_shared] + block[at : at + n_own]
        yield key, block[at + n_own : at + n_own + n_value]
        at += n_own + n_value


def table_entries(table: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield every key and value of a LevelDB table."""
    footer = table[-TABLE_FOOTER:]
    at, handle = 0, []
    for _ in range(4):
        number, at = read_varint(footer, at)
        handle.append(number)
    for _, value in block_entries(table, handle[2], handle[3]):
        offset, at = read_varint(value, 0)
        size, _ = read_varint(value, at)
        yield from block_entries(table, offset, size)


def message_fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield number and value of the fields of a protobuf message."""
    at = 0
    while at < len(message):
        tag, at = read_varint(message, at)
        kind = tag & 7
        if kind == 0:
            value, at = read_varint(message, at)
            yield tag >> 3, value
            continue
        size = {1: 8, 5: 4}.get(kind)
        if size is None:
            size, at = read_varint(message, at)
        yield tag >> 3, message[at : at + size]
        at += size


def read_shape(message: bytes) -> tuple[int, ...]:
    """Read the sizes out of a protobuf message of a tensor's shape."""
    dimensions = [value for field, value in message_fields(message) if field == 2]
    return tuple(int(dict(message_fields(bytes(dimension))).get(1, 0)) for dimension in dimensions)


def read_checkpoint(index: bytes, numbers: bytes) -> dict[str, NDArray[np.float64]]:
    """Read the float32 tensors of a TensorFlow checkpoint, those of its optimiser left out.

    Parameters
    ----------
    index, numbers : bytes
        The files ``.index`` and ``.data-00000-of-00001``.
    """
    tensors = {}
    for key, value in table_entries(index):
        name = key.decode()
        if not name or "/Adam" in name or name in {"beta1_power", "beta2_power"}:
            continue
        fields = dict(message_fields(value))
        if fields.get(1) != FLOAT32:
            raise SystemExit(f"the tensor {name!r} has the type {fields.get(1)}: only float32 (1) is known")
        offset, size = int(fields.get(4, 0)), int(fields[5])
        values = np.frombuffer(numbers[offset : offset + size], dtype="<f4")
        tensors[name] = values.reshape(read_shape(bytes(fields.get(2, b"")))).astype(np.float64)
    return tensors


def norm(tensors: Tensors, number: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a stored batch normalisation as a factor and a shift for each channel."""
    name = f"batch_normalization_{number}" if number else "batch_normalization"
    gamma, beta, mean, variance = (
        tensors[f"{name}/{part}"] for part in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    factor = gamma / np.sqrt(variance + EPSILON)
    return factor, beta - mean * factor


def matrix_sum(rows: NDArray[np.float64], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Multiply a vector and a matrix in a fixed order of sums, so that every machine gets the same bits."""
    return np.add.reduce(rows[:, None] * matrix, axis=0)


def fold_front(tensors: Tensors) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.bool_]]:
    """Fold the filters that look at the sound: what is left of them, and which channels are alive.

    A filter's channel is ``norm(ReLU(kernel * sound + bias))``, at its largest over the bands. The factor of
    its norm goes into kernel and bias; where it was negative the kernel is turned, and the ReLU then cuts
    from above. The shifts of the norms, and dead channels as a whole, are the array ``constant``.
    """
    folded: dict[str, NDArray[np.float64]] = {}
    alive, biases, sides, constants = [], [], [], []
    for number, name in enumerate(BAND_FILTERS + TIME_FILTERS, start=1):
        kernel, bias = tensors[f"{name}/kernel"][:, :, 0], tensors[f"{name}/bias"]
        factor, shift = norm(tensors, number)
        lives = np.abs(kernel).max(axis=(0, 1)) >= LEAST_WEIGHT
        kernel = kernel[..., lives] * factor[lives]
        if name in BAND_FILTERS:
            folded[f"bands{kernel.shape[1]}"] = kernel.transpose(0, 2, 1).reshape(-1, kernel.shape[1])
        else:
            folded[f"frames{kernel.shape[0]}"] = kernel[:, 0].T
        constants.append(np.where(lives, shift, factor * np.maximum(bias, 0.0) + shift))
        biases.append((bias * factor)[lives])
        sides.append(np.sign(factor)[lives])
        alive.append(lives)
    folded["front_bias"], folded["front_side"] = np.concatenate(biases), np.concatenate(sides)
    folded["constant"] = np.concatenate(constants)
    return folded, np.concatenate(alive)


def fold_middle(
    tensors: Tensors, alive: NDArray[np.bool_], constant: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Fold the three convolutions over time; ``start`` is what constants add to the first, frame by frame."""
    kernel = tensors[f"{MIDDLE[0]}/kernel"][:, :, 0]
    taps = np.stack([matrix_sum(constant, tap) for tap in kernel])
    start = np.tile(tensors[f"{MIDDLE[0]}/bias"], (N_FRAMES, 1))
    for tap, share in enumerate(taps):
        shift = tap - len(taps) // 2
        start[max(0, -shift) : N_FRAMES - max(0, shift)] += share
    norms = [norm(tensors, number) for number in (6, 7, 8)]
    return {
        "start": start,
        "middle0": kernel[:, alive],
        "middle1": tensors[f"{MIDDLE[1]}/kernel"][:, :, 0],
        "middle2": tensors[f"{MIDDLE[2]}/kernel"][:, :, 0],
        "middle_bias": np.stack([tensors[f"{name}/bias"] for name in MIDDLE[1:]]),
        "middle_factor": np.stack([factor for factor, _ in norms]),
        "middle_shift": np.stack([shift for _, shift in norms]),
    }


def fold_end(
    tensors: Tensors, alive: NDArray[np.bool_], constant: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Fold norm 9 and the constant channels into the dense layer, one matrix for maxima and one for means."""
    factor, shift = norm(tensors, 9)
    kernel, bias = tensors["dense/kernel"], tensors["dense/bias"]
    bias = bias + matrix_sum(shift, kernel)
    kernel = kernel * factor[:, None]
    bias = bias + matrix_sum(constant, (kernel[0::2] + kernel[1::2])[: len(constant)])
    kept = np.concatenate([alive, np.ones(len(kernel) // 2 - len(alive), dtype=bool)])
    end_factor, end_shift = norm(tensors, 10)
    return {
        "dense_maximum": kernel[0::2][kept],
        "dense_mean": kernel[1::2][kept],
        "dense_bias": bias,
        "end_factor": end_factor,
        "end_shift": end_shift,
        "tags_kernel": tensors["dense_1/kernel"],
        "tags_bias": tensors["dense_1/bias"],
    }


def fold_network(tensors: Tensors) -> dict[str, NDArray[np.float32]]:
    """Fold the whole network, as songatlas.audio.network.musicnn runs it."""
    front, alive = fold_front(tensors)
    constant = front.pop("constant")
    parts = {
        "input": np.concatenate(norm(tensors, 0)),
        **front,
        **fold_middle(tensors, alive, constant),
        **fold_end(tensors, alive, constant),
    }
    return {name: np.ascontiguousarray(values, dtype="<f4") for name, values in parts.items()}


def npz_bytes(arrays: Mapping[str, NDArray[np.float32]]) -> bytes:
    """Pack arrays as an .npz file that is the same each time: no clock, no order of chance."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, values in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, values, version=(1, 0), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=EARLIEST)
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
            archive.writestr(entry, member.getvalue(), compresslevel=9)
    return packed.getvalue()


def weights_of_wheel(wheel: Path) -> tuple[bytes, str]:
    """Return the .npz file and the licence text for the wheel of musicnn 0.1.0, whose hash is checked."""
    found = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if found != WHEEL_SHA256:
        raise SystemExit(
            f"{wheel} has the sha256 {found}: expected {WHEEL_SHA256}, the wheel of musicnn 0.1.0"
        )
    with zipfile.ZipFile(wheel) as archive:
        index = archive.read(CHECKPOINT + ".index")
        numbers = archive.read(CHECKPOINT + ".data-00000-of-00001")
        licence = archive.read(LICENCE).decode()
    return npz_bytes(fold_network(read_checkpoint(index, numbers))), licence


def main() -> None:
    """Write the weights and their licence."""
    parser = argparse.ArgumentParser(description="Makes the weights of the tagging network from a wheel.")
    parser.add_argument("wheel", type=Path, help="musicnn-0.1.0-py3-none-any.whl")
    parser.add_argument("-o", "--output", type=Path, default=NETWORK / "musicnn_msd.npz")
    asked = parser.parse_args()
    weights, licence = weights_of_wheel(asked.wheel)
    asked.output.write_bytes(weights)
    asked.output.with_name("MUSICNN_LICENSE.txt").write_text(licence, encoding="utf-8")
    print(f"{asked.output}: {len(weights):,} bytes, sha256 {hashlib.sha256(weights).hexdigest()}")


if __name__ == "__main__":
    main()
