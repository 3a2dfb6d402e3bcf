"""Where the rows of a call lie: the plan that the loop over batches reads (see `row_loop`).

A plan is made from arrays; for calls like one before a template of it is filled in (`fast_path`).
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .row_loop import HEADER, MOVE

Movers = Mapping[tuple[str, int], int]  # addresses, for "in" or "out" and a number of columns


class Plan:
    """The words of a plan, and how many rows there are. It keeps what it points to; `stopped` is for those who run it:
    one of them was interrupted, or raised.
    """

    __slots__ = ("count", "kept", "stopped", "words")

    def __init__(self, words: Any, count: int, kept: tuple[Any, ...]) -> None:
        self.words = words
        self.count = count
        self.kept = kept
        self.stopped = False

    def copy(self) -> Plan:
        """One of its own words."""
        return Plan(type(self.words).from_buffer_copy(self.words), self.count, self.kept)


class Table(NamedTuple):
    """Columns of doubles: the place of the first among the inputs or outputs, its address, how many there are, and the
    bytes from row to row and from column to column.
    """

    place: int
    address: int
    columns: int
    row: int
    step: int


def words(header: Mapping[str, int], ins: Sequence[Table], outs: Sequence[Table], movers: Movers, most: int) -> Any:
    """The words of a plan, with room for the shared numbers, for moves of up to `most` columns."""
    moves = [_moves(tables, movers, kind, most) for kind, tables in (("in", ins), ("out", outs))]
    counts = {"ins": len(moves[0]) // len(MOVE), "outs": len(moves[1]) // len(MOVE), **header}
    shared = [0] * header["inputs"]
    found = [counts.get(name, 0) for name in HEADER] + moves[0] + moves[1] + shared
    return (ctypes.c_int64 * len(found))(*found)


def share(words: Any, numbers: list[float]) -> None:
    """Put the shared numbers, one an input, into a plan."""
    at = ctypes.sizeof(words) - 8 * len(numbers)
    (ctypes.c_double * len(numbers)).from_buffer(words, at)[:] = [*numbers]


def tables(
    given: Sequence[Any], count: int, wanted: Sequence[bool], which: str, writes: bool
) -> tuple[list[Table], list[float]]:
    """Where the columns are that are `wanted`, those next to each other in one table; and the numbers in place of the
    others.
    """
    found: list[Table] = []
    numbers: list[float] = []
    for x in given:
        place = len(numbers)
        if place >= len(wanted) or not wanted[place]:
            numbers.append(0.0 if x is None else float(x))
            continue
        table = _table(x, place, count, writes)
        numbers += [0.0] * table.columns
        last = found[-1] if found else table
        if (table.place, table.address, table.row, table.step, last.step) == (
            *(last.place + last.columns, last.address + 8 * last.columns, last.row, 8, 8),
        ):
            found[-1] = last._replace(columns=last.columns + table.columns)
            continue
        found.append(table)
    if len(numbers) != len(wanted):
        raise TypeError(f"this program has {len(wanted)} {which}, not {len(numbers)}")
    return found, numbers


def _table(array: Any, place: int, count: int, writes: bool) -> Table:
    """Where the columns of an array are; TypeError if it is not `count` rows of doubles."""
    try:
        about = array.__array_interface__
    except AttributeError:
        raise TypeError(f"a column is a NumPy array, not {type(array).__name__}") from None
    shape, strides, (address, read_only) = about["shape"], about["strides"], about["data"]
    if len(shape) not in (1, 2) or shape[0] != count or about["typestr"] != _DOUBLE:
        raise TypeError(f"a column here is {count} doubles, not {shape} of {about['typestr']}")
    if writes and read_only:
        raise TypeError("an output's column is read-only")
    if len(shape) == 1:
        return Table(place, address, 1, 8 if strides is None else strides[0], 8)
    row, step = strides or (8 * shape[1], 8)
    return Table(place, address, shape[1], row, step if shape[1] > 1 else 8)


_DOUBLE = "<f8" if sys.byteorder == "little" else ">f8"


def _moves(tables: Sequence[Table], movers: Movers, kind: str, most: int) -> list[int]:
    found: list[int] = []
    own = 0
    for place, address, columns, row, step in tables:
        width = min(most, columns) if step == 8 else 1
        direct = width == 1 and row == 8 and address % 8 == 0
        for at in range(0, columns, width):
            # The last ones are as many as the others, some of them moved once more: that is quicker than to mask them.
            first = min(at, columns - width)
            found += (movers[kind, width], address + step * first, row, place + first, own + first, width, direct)
        own += columns
    return found
