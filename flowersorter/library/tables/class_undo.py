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
    SELECT ?, ?, ?, id FROM photos WHERE id = ?
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


@dataclass(frozen=True, slots=True, eq=False)
class ClassDependents:
    """Snapshot of the rows that depend on a class.

    Attributes:
        aliases: Keys of its former names.
        labels: Photo id, origin and time of each of its labels.
        pending: Ids of the places with a pending label of it.
        kept: Photo id, class ids of the label and of the suspected class, and time of each review of either.
    """

    aliases: tuple[str, ...]
    labels: tuple[tuple[int, str, str], ...]
    pending: tuple[int, ...]
    kept: tuple[tuple[int, int, int, str], ...]

    @classmethod
    def of(cls, connection: sqlite3.Connection, class_id: int) -> ClassDependents:
        """Read the rows that depend on a class."""
        aliases, labels, pending, kept = (
            tuple(map(tuple, connection.execute(sql, (class_id,))))
            for sql in (_ALIASES_OF, _LABELS_OF, _PENDING_OF, _KEPT_OF)
        )
        return cls(tuple(key for (key,) in aliases), labels, tuple(place_id for (place_id,) in pending), kept)

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
        connection.executemany(_KEPT, [(at, photo_id, label, suspect) for photo_id, label, suspect, at in self.kept])


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
