"""Mutations of bytes that need no fuzzer: the same ones for the same seed, on every system."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Final

_SPLICES: Final = (0, 1, 255, 256, 127, 128)
_MOST_REPEATED: Final = 64
_TIMES: Final = (1, 1, 1, 2, 3, 6)  # changes of one input: many leave nothing that is understood


def mutations(
    seeds: Sequence[bytes], tokens: Sequence[bytes], *, most_bytes: int, seed: int
) -> Iterator[bytes]:
    """Yield mutated inputs for ever: bytes and bits changed, parts cut, doubled, swapped, tokens put in.

    Parameters
    ----------
    seeds : sequence of bytes
        Inputs that are understood; each mutation begins at one of them.
    tokens : sequence of bytes
        What the format is made of, put in as it is.
    most_bytes : int
        Longest input.
    seed : int
        The same inputs come for the same seed.
    """
    random = Random(seed)  # noqa: S311 - it draws inputs to try, no secrets
    while True:
        found = bytearray(random.choice(seeds))
        for _ in range(random.choice(_TIMES)):
            random.choice(_WAYS)(found, random, seeds, tokens)
        yield bytes(found[:most_bytes])


def _place(found: bytearray, random: Random) -> tuple[int, int]:
    """Draw where a part begins and ends."""
    begin = random.randrange(len(found) + 1)
    return begin, min(len(found), begin + 1 + int(random.expovariate(1 / 8)))


def _one_byte(found: bytearray, random: Random, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> None:
    if found:
        found[random.randrange(len(found))] = (
            random.choice(_SPLICES) & 255 if random.random() < 0.2 else random.randrange(256)
        )


def _one_bit(found: bytearray, random: Random, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> None:
    if found:
        found[random.randrange(len(found))] ^= 1 << random.randrange(8)


def _cut(found: bytearray, random: Random, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> None:
    begin, end = _place(found, random)
    del found[begin:end]


def _cut_off(found: bytearray, random: Random, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> None:
    if random.random() < 0.2:
        del found[_place(found, random)[0] :]


def _repeated(found: bytearray, random: Random, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> None:
    begin, end = _place(found, random)
    found[end:end] = found[begin:end] * (1 + int(random.expovariate(1 / 4)) % _MOST_REPEATED)


def _moved(found: bytearray, random: Random, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> None:
    begin, end = _place(found, random)
    part = found[begin:end]
    del found[begin:end]
    place = random.randrange(len(found) + 1)
    found[place:place] = part


def _token(found: bytearray, random: Random, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> None:
    begin, end = _place(found, random)
    if tokens:
        found[begin : end if random.random() < 0.5 else begin] = random.choice(tokens)


def _grafted(found: bytearray, random: Random, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> None:
    other = bytearray(random.choice(seeds))
    begin, end = _place(other, random)
    place = random.randrange(len(found) + 1)
    found[place:place] = other[begin:end]


def _number(found: bytearray, random: Random, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> None:
    """Put another number in the place of the next one."""
    start = random.randrange(len(found) + 1)
    begin = next((place for place in range(start, len(found)) if 48 <= found[place] <= 57), None)
    if begin is not None:
        end = begin
        while end < len(found) and 48 <= found[end] <= 57:
            end += 1
        found[begin:end] = random.choice(_NUMBERS)


_NUMBERS: Final = (
    b"0", b"-1", b"1", b"2", b"00", b"1e9", b"1e400", b"-0.0", b"NaN", b"Infinity", b"255", b"256", b"65536",
    b"2147483648", b"4294967296", b"9223372036854775808", b"18446744073709551616", b"9" * 40, b"9" * 5000,
    b"0x10", b"1_0", b".5",
)  # fmt: skip
_WAYS: Final[tuple[Callable[[bytearray, Random, Sequence[bytes], Sequence[bytes]], None], ...]] = (
    _one_byte, _one_byte, _one_bit, _cut, _cut_off, _repeated, _moved, _token, _token, _grafted, _number,
)  # fmt: skip
