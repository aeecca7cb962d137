"""Records of changed classes, from which `ClassTable` undoes a merge, a deletion or a renaming."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from flowersorter.domain.photo_class import PhotoClass

_ALIASES_OF = "SELECT key FROM class_aliases WHERE class_id = ?"
_LABELS_OF = "SELECT photo_id, origin, assigned_at FROM labels WHERE class_id = ?"
_PENDING_OF = "SELECT place_id FROM pending_labels WHERE class_id = ?"
_KEPT_OF = "SELECT photo_id, class_id, suspected_id, kept_at FROM kept_labels WHERE ? IN (class_id, suspected_id)"

# Later changes are kept: only labels and names that are still as the change left them are restored.
_LABEL_OF_ANOTHER = "UPDATE labels SET class_id = ?, origin = ?, assigned_at = ? WHERE photo_id = ? AND class_id = ?"
_LABEL_OF_NONE = """
    INSERT OR IGNORE INTO labels (class_id, origin, assigned_at, photo_id)
    SELECT ?, ?, ?, id FROM photos WHERE id = ? AND id NOT IN (SELECT photo_id FROM marks)
"""
_PENDING_OF_ANOTHER = "UPDATE pending_labels SET class_id = ? WHERE place_id = ? AND class_id = ?"
_PENDING_OF_NONE = """
    INSERT OR IGNORE INTO pending_labels (class_id, place_id) SELECT ?, id FROM places WHERE id = ?
"""
# A pending label that has become a label while another class had it.
_SETTLED = """
    UPDATE labels SET class_id = ? WHERE photo_id = (SELECT photo_id FROM places WHERE id = ?) AND class_id = ?
"""
_ALIAS_OF_ANOTHER = "UPDATE class_aliases SET class_id = ? WHERE key = ? AND class_id = ?"
_ALIAS_OF_NONE = "INSERT OR IGNORE INTO class_aliases (class_id, key) VALUES (?, ?)"
_KEPT = """
    INSERT OR IGNORE INTO kept_labels (photo_id, class_id, suspected_id, kept_at)
    SELECT photos.id, labelled.id, suspected.id, ? FROM photos, classes AS labelled, classes AS suspected
    WHERE photos.id = ? AND labelled.id = ? AND suspected.id = ?
"""
_REJECTED_OF = "SELECT photo_id, rejected_at FROM rejected_classes WHERE class_id = ?"
_MERGE_REJECTED = """
    INSERT OR IGNORE INTO rejected_classes (photo_id, class_id, rejected_at)
    SELECT photo_id, ?1, rejected_at FROM rejected_classes WHERE class_id = ?2
"""
_DROP_REJECTED_LABELS = """
    DELETE FROM rejected_classes WHERE class_id = ?1 AND photo_id IN (SELECT photo_id FROM labels WHERE class_id = ?1)
"""
# A photo that was given this label since does not get the answer back.
_REJECTED = """
    INSERT OR IGNORE INTO rejected_classes (photo_id, class_id, rejected_at)
    SELECT photos.id, classes.id, ?1 FROM photos, classes WHERE photos.id = ?2 AND classes.id = ?3
    AND NOT EXISTS (SELECT 1 FROM labels WHERE photo_id = ?2 AND class_id = ?3)
"""


def merge_rejected(connection: sqlite3.Connection, class_id: int, into: int) -> None:
    """Extend the rejection of a class to the class it is merged into, except for photos labelled with that one."""
    connection.execute(_MERGE_REJECTED, (into, class_id))
    connection.execute(_DROP_REJECTED_LABELS, (into,))


@dataclass(frozen=True, slots=True, eq=False)
class ClassDependents:
    """Snapshot of the rows that depend on a class.

    Attributes:
        aliases: Keys of its former names.
        labels: Photo id, origin and time of each of its labels.
        pending: Ids of the places with a pending label of it.
        kept: Photo id, class ids of the label and of the suspected class, and time of each review of either.
        rejected: Photo id and time of each answer that a photo does not show it.
        rejected_into: The same of the class that it is merged into.
    """

    aliases: tuple[str, ...]
    labels: tuple[tuple[int, str, str], ...]
    pending: tuple[int, ...]
    kept: tuple[tuple[int, int, int, str], ...]
    rejected: tuple[tuple[int, str], ...]
    rejected_into: tuple[tuple[int, str], ...]

    @classmethod
    def of(cls, connection: sqlite3.Connection, class_id: int, into: int = 0) -> ClassDependents:
        """Read the rows that depend on a class, which is merged into another one or, with 0, deleted."""
        aliases, labels, pending, kept, rejected = (
            tuple(map(tuple, connection.execute(sql, (class_id,))))
            for sql in (_ALIASES_OF, _LABELS_OF, _PENDING_OF, _KEPT_OF, _REJECTED_OF)
        )
        names, places = tuple(key for (key,) in aliases), tuple(place_id for (place_id,) in pending)
        rejected_into = tuple(map(tuple, connection.execute(_REJECTED_OF, (into,))))
        return cls(names, labels, places, kept, rejected, rejected_into)

    def restore(self, connection: sqlite3.Connection, class_id: int, holder: int | None) -> None:
        """Restore the rows.

        Args:
            connection: In a transaction.
            class_id: The class, which exists again.
            holder: The class that it was merged into, which has its labels and names; None if it was deleted.
        """
        if holder is None:
            aliases = [(class_id, key) for key in self.aliases]
            labels = [(class_id, origin, at, photo_id) for photo_id, origin, at in self.labels]
            connection.executemany(_ALIAS_OF_NONE, aliases)
            connection.executemany(_LABEL_OF_NONE, labels)
            connection.executemany(_PENDING_OF_NONE, [(class_id, place_id) for place_id in self.pending])
        else:
            connection.executemany(_ALIAS_OF_ANOTHER, [(class_id, key, holder) for key in self.aliases])
            held = [(class_id, origin, at, photo_id, holder) for photo_id, origin, at in self.labels]
            connection.executemany(_LABEL_OF_ANOTHER, held)
            for place_id in self.pending:
                waiting = connection.execute(_PENDING_OF_ANOTHER, (class_id, place_id, holder))
                if not waiting.rowcount:
                    connection.execute(_SETTLED, (class_id, place_id, holder))
            self._restore_rejected_of_holder(connection, holder)
        connection.executemany(_KEPT, [(at, photo_id, label, suspect) for photo_id, label, suspect, at in self.kept])
        connection.executemany(_REJECTED, [(at, photo_id, class_id) for photo_id, at in self.rejected])

    def _restore_rejected_of_holder(self, connection: sqlite3.Connection, holder: int) -> None:
        """Undo `merge_rejected` for the class that a class was merged into."""
        before = {photo_id for photo_id, _ in self.rejected_into}
        merged = [(photo_id, holder) for photo_id, _ in self.rejected if photo_id not in before]
        connection.executemany("DELETE FROM rejected_classes WHERE photo_id = ? AND class_id = ?", merged)
        labelled = {photo_id for photo_id, _, _ in self.labels}
        dropped = [(at, photo_id, holder) for photo_id, at in self.rejected_into if photo_id in labelled]
        connection.executemany(_REJECTED, dropped)


@dataclass(frozen=True, slots=True, eq=False)
class RemovedClass:
    """A class that `ClassTable.merge` or `ClassTable.delete` removed; `ClassTable.restore` brings it back.

    Attributes:
        photo_class: The class as it was.
        into: The class it was merged into, as it was before; None if it was deleted.
        dependents: The rows that depended on it.
        deleted: Keys of its names that also belonged to a class deleted earlier.
        meant: Id of the class that had its name as a former name, until the merge; 0 if there was none.
    """

    photo_class: PhotoClass
    into: PhotoClass | None
    dependents: ClassDependents
    deleted: frozenset[str]
    meant: int = 0

    @property
    def photo_ids(self) -> list[int]:
        """Ids of the photos that were labelled with it."""
        return [photo_id for photo_id, _, _ in self.dependents.labels]

    @property
    def place_ids(self) -> list[int]:
        """The places that had a pending label of it."""
        return list(self.dependents.pending)


@dataclass(frozen=True, slots=True, eq=False)
class RenamedClass:
    """A renaming by `ClassTable.rename`; `ClassTable.rename_back` undoes it.

    Attributes:
        before: The class as it was.
        keys: Keys of its old and of its new name.
        meant: Key and class id of each of these that was a former name.
        deleted: Whether the new name was that of a deleted class.
    """

    before: PhotoClass
    keys: tuple[str, str]
    meant: tuple[tuple[str, int], ...]
    deleted: bool
