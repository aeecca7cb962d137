"""The tables of checked samples: photos drawn from folders, and whether their suggestions are right."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.check_answer import CheckAnswer
from flowersorter.library.database.connection import Database


@dataclass(frozen=True, slots=True, eq=False)
class StoredSample:
    """A random order of the photos of some folders, with their suggestions, as they were when it was drawn.

    Attributes:
        id: Its number; 0 while it is not stored.
        roots: The folders and photos.
        include: Which suggestions it is about.
        model: The model that made them.
        photo_ids: (N,) int64 in the order drawn.
        class_ids: (N,) int32, the suggestion of each.
        other_ids: (M,) int64, the other photos of the folders.
        started_at: ISO 8601 in UTC.
    """

    id: int
    roots: tuple[Path, ...]
    include: str
    model: str
    photo_ids: NDArray[np.int64]
    class_ids: NDArray[np.int32]
    other_ids: NDArray[np.int64]
    started_at: str = ""


class SampleCheckTable:
    """The checked samples of one collection. Every change is on disk when its call returns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, roots: Sequence[Path], include: str) -> StoredSample | None:
        """The newest sample of these folders that still holds."""
        return next((sample for sample in self.holding(roots) if sample.include == include), None)

    def holding(self, roots: Sequence[Path]) -> Iterator[StoredSample]:
        """The samples of these folders that still hold, the newest first."""
        rows = self._database.query(
            "SELECT * FROM sample_checks WHERE roots = ? AND withdrawn IS NULL ORDER BY id DESC",
            (_stored_paths(roots),),
        )
        for row in rows:
            yield StoredSample(
                id=row["id"],
                roots=tuple(roots),
                include=row["include"],
                model=row["model"],
                photo_ids=np.frombuffer(row["photo_ids"], "<i8").astype(np.int64),
                class_ids=np.frombuffer(row["class_ids"], "<i4").astype(np.int32),
                other_ids=np.frombuffer(row["other_ids"], "<i8").astype(np.int64),
                started_at=row["started_at"],
            )

    def add(self, sample: StoredSample) -> StoredSample:
        """Store a new sample; returns it with its number and time."""
        values = (
            _stored_paths(sample.roots),
            sample.include,
            sample.model,
            _now(),
            sample.photo_ids.astype("<i8").tobytes(),
            sample.class_ids.astype("<i4").tobytes(),
            sample.other_ids.astype("<i8").tobytes(),
        )
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO sample_checks (roots, include, model, started_at, photo_ids, class_ids, other_ids)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                values,
            )
        added = self.find(sample.roots, sample.include)
        assert added is not None, "it was just stored"
        return added

    def withdraw(self, sample_id: int, why: str) -> None:
        """Store why a sample does not hold any more."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE sample_checks SET withdrawn = ? WHERE id = ?", (why, sample_id))

    def answers(self, sample_id: int) -> dict[int, CheckAnswer]:
        """The answers of a sample, by photo id."""
        rows = self._database.tuples("SELECT photo_id, answer FROM sample_answers WHERE check_id = ?", (sample_id,))
        return {photo_id: CheckAnswer(answer) for photo_id, answer in rows}

    def set_answer(self, sample_id: int, photo_id: int, answer: CheckAnswer | None) -> None:
        """Store the answer about a photo; None removes it."""
        with self._database.transaction() as connection:
            if answer is None:
                connection.execute(
                    "DELETE FROM sample_answers WHERE check_id = ? AND photo_id = ?", (sample_id, photo_id)
                )
            else:
                connection.execute(
                    "INSERT OR REPLACE INTO sample_answers (check_id, photo_id, answer, answered_at)"
                    " VALUES (?, ?, ?, ?)",
                    (sample_id, photo_id, answer.value, _now()),
                )


def _stored_paths(roots: Sequence[Path]) -> bytes:
    """Encode paths, with the same result in any order; none contains a NUL."""
    return b"\0".join(sorted(os.fsencode(root) for root in roots))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
