"""Long sequences of records in compressed blocks: a plan of a million photos takes tens of megabytes, not gigabytes."""

from __future__ import annotations

import pickle
import zlib
from abc import abstractmethod
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, chain
from typing import Any, Generic, TypeVar, overload

#: Records in a block: few enough that one is made again in milliseconds, enough that names repeat within it.
BLOCK = 1000

Record = TypeVar("Record")


class ByPosition(Sequence[Record], Generic[Record]):
    """A sequence that makes its records when they are read; equal to any other one with equal records."""

    @abstractmethod
    def _at(self, position: int) -> Record:
        """Return the record at a position from 0 on, which is one of the sequence."""

    @overload
    def __getitem__(self, index: int) -> Record: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Record]: ...

    def __getitem__(self, index: int | slice) -> Record | Sequence[Record]:
        positions = range(len(self))[index]
        return self._at(positions) if isinstance(positions, int) else [self._at(at) for at in positions]

    def __iter__(self) -> Iterator[Record]:
        return map(self._at, range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(one == two for one, two in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # sequences grow


class Packed(ByPosition[Record]):
    """A sequence that only grows; its full blocks are compressed, and records are made again when they are read.

    Blocks never leave the process, so they hold pickled tuples. Reading from several threads is safe.

    Args:
        encode: Turns a record into a tuple of plain values.
        decode: Makes the record again.
        records: The first records.
        block: Records in a block.
    """

    def __init__(
        self,
        encode: Callable[[Record], tuple[Any, ...]],
        decode: Callable[[tuple[Any, ...]], Record],
        records: Iterable[Record] = (),
        block: int = BLOCK,
    ) -> None:
        self._encode, self._decode, self._size = encode, decode, block
        self._blocks: list[bytes] = []
        self._open: list[tuple[Any, ...]] = []
        self._last: tuple[int, list[tuple[Any, ...]]] | None = None
        for record in records:
            self.append(record)

    def append(self, record: Record) -> None:
        """Add a record at the end."""
        self.append_row(self._encode(record))

    def append_row(self, row: tuple[Any, ...]) -> None:
        """Add a record at the end, given as the tuple that `encode` would turn it into."""
        self._open.append(row)
        if len(self._open) == self._size:
            self._blocks.append(zlib.compress(pickle.dumps(self._open, pickle.HIGHEST_PROTOCOL), 1))
            self._open = []

    def __len__(self) -> int:
        return len(self._blocks) * self._size + len(self._open)

    def __iter__(self) -> Iterator[Record]:
        return map(self._decode, self.rows())

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Yield the tuple of each record, for those who need few of its values: records take longer to make."""
        for number in range(len(self._blocks)):
            yield from self._block(number)
        yield from self._open

    def row(self, position: int) -> tuple[Any, ...]:
        """Return the tuple of the record at a position from 0 on, which is one of the sequence."""
        number, place = divmod(position, self._size)
        if number == len(self._blocks):
            return self._open[place]
        last = self._last
        if last is None or last[0] != number:
            last = self._last = number, self._block(number)
        return last[1][place]

    def _at(self, position: int) -> Record:
        return self._decode(self.row(position))

    def __repr__(self) -> str:
        return f"Packed({', '.join(map(repr, self))})"

    def _block(self, number: int) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = pickle.loads(zlib.decompress(self._blocks[number]))
        return rows


class Joined(ByPosition[Record]):
    """Several sequences in a row, without a copy of any."""

    def __init__(self, *parts: Sequence[Record]) -> None:
        self._parts = tuple(part for part in parts if len(part))

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def __iter__(self) -> Iterator[Record]:
        return chain.from_iterable(self._parts)

    def _at(self, position: int) -> Record:
        ends = list(accumulate(map(len, self._parts)))
        part = bisect_right(ends, position)
        return self._parts[part][position - ends[part]]


class Chosen(ByPosition[Record]):
    """Some records of a sequence, by their positions in it, without a copy of any."""

    def __init__(self, records: Sequence[Record], positions: Sequence[int]) -> None:
        self._records, self._positions = records, positions

    def __len__(self) -> int:
        return len(self._positions)

    def _at(self, position: int) -> Record:
        return self._records[self._positions[position]]


class Mapped(ByPosition[Record]):
    """The result of a function for each record of a sequence, made when it is read."""

    def __init__(self, make: Callable[[Any], Record], records: Sequence[Any]) -> None:
        self._make, self._records = make, records

    def __len__(self) -> int:
        return len(self._records)

    def _at(self, position: int) -> Record:
        return self._make(self._records[position])
