"""What belongs to a class and goes with it: former names, labels, pending labels, and labels a person keeps."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

_ALIASES_OF = "SELECT key FROM class_aliases WHERE class_id = ?"
_LABELS_OF = "SELECT photo_id, origin, assigned_at FROM labels WHERE class_id = ?"
_PENDING_OF = "SELECT place_id FROM pending_labels WHERE class_id = ?"
_KEPT_OF = "SELECT photo_id, class_id, suspected_id, kept_at FROM kept_labels WHERE ? IN (class_id, suspected_id)"

# What was changed meanwhile stays as it is: only labels and names that are still where the class left them come back.
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
    """What one class had at one moment.

    Attributes:
        aliases: Keys of its former names.
        labels: Photo id, origin and time of each of its labels.
        pending: Ids of the places with a pending label of it.
        kept: Photo id, class ids of the label and of the suspect, and time, where either is the class.
    """

    aliases: tuple[str, ...]
    labels: tuple[tuple[int, str, str], ...]
    pending: tuple[int, ...]
    kept: tuple[tuple[int, int, int, str], ...]

    @classmethod
    def of(cls, connection: sqlite3.Connection, class_id: int) -> ClassDependents:
        """Read what belongs to a class now."""
        aliases, labels, pending, kept = (
            tuple(map(tuple, connection.execute(sql, (class_id,))))
            for sql in (_ALIASES_OF, _LABELS_OF, _PENDING_OF, _KEPT_OF)
        )
        return cls(tuple(key for (key,) in aliases), labels, tuple(place_id for (place_id,) in pending), kept)

    def give_back(self, connection: sqlite3.Connection, class_id: int, holder: int | None) -> None:
        """Let everything belong to the class again.

        Args:
            connection: In a transaction.
            class_id: The class, which is there again.
            holder: The class that has held its labels and names since; None: there was none.
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
