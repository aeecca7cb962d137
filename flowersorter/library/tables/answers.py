"""The tables of a person's answers about photos besides labels: rejected classes and marks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.photo_answers import NO_ANSWERS, Mark, PhotoAnswer, PhotoAnswers
from flowersorter.library.database.connection import Database
from flowersorter.library.tables.edited_photos import standing
from flowersorter.library.tables.labels import foreign_key_as_user_error
from flowersorter.messages import text

_BETWEEN = (
    "SELECT photo_id, class_id, 'NONE' FROM rejected_classes WHERE photo_id BETWEEN ?1 AND ?2"
    " UNION ALL SELECT photo_id, 0, mark FROM marks WHERE photo_id BETWEEN ?1 AND ?2"
)
_MARKED = f"SELECT photo_id FROM marks WHERE mark = ? AND {standing('marks')} ORDER BY photo_id"
_REMOVE_LABEL = (
    "DELETE FROM labels WHERE photo_id = ?1 AND (EXISTS (SELECT 1 FROM marks WHERE photo_id = ?1)"
    " OR class_id IN (SELECT class_id FROM rejected_classes WHERE photo_id = ?1))"
)


class AnswerTable:
    """The answers of one collection. Every change is on disk when its call returns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, photo_ids: Iterable[int] | NDArray[np.int64]) -> dict[int, PhotoAnswers]:
        """The answers about these photos, by photo id; photos without any are left out."""
        wanted = set(photo_ids.tolist() if isinstance(photo_ids, np.ndarray) else photo_ids)
        if not wanted:
            return {}
        between = (min(wanted), max(wanted))  # the answers are few: one query for any number of photos
        found: dict[int, PhotoAnswers] = {}
        for photo_id, class_id, mark in self._database.tuples(_BETWEEN, between):
            if photo_id in wanted:
                one = PhotoAnswer(class_id, Mark[mark])
                found[photo_id] = one.added_to(found.get(photo_id, NO_ANSWERS))
        return found

    def marked(self, mark: Mark) -> list[int]:
        """The photos with this mark that are still there, ascending."""
        return [row[0] for row in self._database.tuples(_MARKED, (mark.name,))]

    def put(self, answers: Mapping[int, PhotoAnswers]) -> dict[int, PhotoAnswers]:
        """Replace the answers about photos, by photo id, and remove the labels that contradict them.

        Returns:
            The previous answers; passing them to `put` undoes the change, but not the removal of labels.

        Raises:
            UserError: a class or a photo is not in the library any more; nothing was changed.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        photos = [(photo_id,) for photo_id in answers]
        rejected = [(photo_id, class_id, now) for photo_id, each in answers.items() for class_id in each.rejected]
        marks = [(photo_id, each.mark.name, now) for photo_id, each in answers.items() if each.mark is not Mark.NONE]
        with (
            foreign_key_as_user_error(text("The answers could not be changed")),
            self._database.transaction() as connection,
        ):
            before = self.get(answers)
            connection.executemany("DELETE FROM rejected_classes WHERE photo_id = ?", photos)
            connection.executemany("DELETE FROM marks WHERE photo_id = ?", photos)
            connection.executemany(
                "INSERT INTO rejected_classes (photo_id, class_id, rejected_at) VALUES (?, ?, ?)", rejected
            )
            connection.executemany("INSERT INTO marks (photo_id, mark, marked_at) VALUES (?, ?, ?)", marks)
            connection.executemany(_REMOVE_LABEL, photos)
        return {photo_id: before.get(photo_id, NO_ANSWERS) for photo_id in answers}


def answers_by_hash(database: Database, hashes: Iterable[bytes]) -> dict[bytes, PhotoAnswers]:
    """The answers about photos by their SHA-256; photos without any are left out."""
    ids = {
        row["id"]: row["sha256"]
        for row in database.query_in("SELECT id, sha256 FROM photos WHERE sha256 IN (?)", hashes)
    }
    rejected = database.query_in("SELECT photo_id, class_id FROM rejected_classes WHERE photo_id IN (?)", ids)
    marked = database.query_in("SELECT photo_id, mark FROM marks WHERE photo_id IN (?)", ids)
    said = [(row["photo_id"], PhotoAnswer(rejected=row["class_id"])) for row in rejected]
    said += [(row["photo_id"], PhotoAnswer(mark=Mark[row["mark"]])) for row in marked]
    found: dict[bytes, PhotoAnswers] = {}
    for photo_id, one in said:
        found[ids[photo_id]] = one.added_to(found.get(ids[photo_id], NO_ANSWERS))
    return found
