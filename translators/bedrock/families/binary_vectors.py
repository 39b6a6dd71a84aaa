"""Vectors of bits made of vectors of floats."""

from collections.abc import Sequence


def bits(vector: Sequence[float]) -> list[int]:
    """1 for each number above zero, 0 for the others."""
    return [int(number > 0) for number in vector]


def packed_bits(vector: Sequence[float]) -> list[int]:
    """Eight bits a byte, the first one highest; the last byte filled with zeros."""
    found = bits(vector)
    found += [0] * (-len(found) % 8)
    return [int("".join(map(str, found[at : at + 8])), 2) for at in range(0, len(found), 8)]
