"""The table of classes and of their former names."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence

from flowersorter.domain.natural_sort import NaturalOrder
from flowersorter.domain.photo_class import PALETTE, ClassOrigin, PhotoClass
from flowersorter.errors import ClassRefused
from flowersorter.library.database.connection import Database
from flowersorter.library.tables.class_names import class_key, validated_name
from flowersorter.library.tables.class_undo import ClassDependents, RemovedClass, RenamedClass, merge_rejected
from flowersorter.library.tables.settings import DELETED_CLASSES, Settings
from flowersorter.messages import text

_COLUMNS = "id, name, origin, position, colour"
#: The classes with labels, of photos that are read or not.
_IN_USE = "SELECT class_id FROM labels UNION SELECT class_id FROM pending_labels"
#: These, and the classes that photos do not show: another model may know them, and must not suggest them.
_ANSWERED = f"{_IN_USE} UNION SELECT class_id FROM rejected_classes"
#: Makes a key a former name of a class, if the class exists.
_RESTORE_ALIAS = "INSERT OR IGNORE INTO class_aliases (key, class_id) SELECT ?, id FROM classes WHERE id = ?"


class ClassTable:
    """The classes of one collection; two names never differ in case only."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._settings = Settings(database)

    def all(self) -> list[PhotoClass]:
        """Every class, by position."""
        return [
            _photo_class(row) for row in self._database.query(f"SELECT {_COLUMNS} FROM classes ORDER BY position, id")
        ]

    def find(self, name: str) -> PhotoClass | None:
        """The class with this name, else the one with this former name."""
        key = class_key(name)
        rows = self._database.query(f"SELECT {_COLUMNS} FROM classes WHERE key = ?", (key,))
        rows = rows or self._database.query(
            f"SELECT {_COLUMNS} FROM classes"
            " WHERE id = (SELECT class_id FROM class_aliases WHERE class_aliases.key = ?)",
            (key,),
        )
        return _photo_class(rows[0]) if rows else None

    def add(self, name: str, origin: ClassOrigin = ClassOrigin.PERSON) -> PhotoClass:
        """Make a new class, last in the list.

        Raises:
            ClassRefused: the name is not valid, or taken.
        """
        name = validated_name(name)
        with self._database.transaction() as connection:
            self._refuse_taken(name)
            colours = Counter(colour for (colour,) in connection.execute("SELECT colour FROM classes"))
            position = colours.total()
            colour = min(PALETTE, key=lambda candidate: colours[candidate])
            cursor = connection.execute(
                "INSERT INTO classes (name, key, origin, position, colour) VALUES (?, ?, ?, ?, ?)",
                (name, class_key(name), origin.value, position, colour),
            )
            assert cursor.lastrowid is not None  # set after every INSERT
            self._undelete_names([class_key(name)])
            return PhotoClass(cursor.lastrowid, name, origin, position, colour)

    def put_back(self, photo_class: PhotoClass) -> None:
        """Restore a class that `take_out` removed, at its former position in the list.

        Raises:
            ClassRefused: its name has been taken since.
        """
        with self._database.transaction() as connection:
            self._refuse_taken(photo_class.name)
            key = class_key(photo_class.name)
            connection.execute(
                "INSERT INTO classes (id, name, key, origin, position, colour) VALUES (?, ?, ?, ?, ?, ?)",
                (photo_class.id, photo_class.name, key, photo_class.origin.value, -1, photo_class.colour),
            )
            others = [other.id for other in self.all() if other.id != photo_class.id]
            _number(connection, [*others[: photo_class.position], photo_class.id, *others[photo_class.position :]])
            self._undelete_names([key])

    def take_out(self, class_id: int) -> bool:
        """Remove a class unless it has labels; returns whether it was removed.

        A model that learned it meanwhile does not bring it back, as after `delete`.
        """
        with self._database.transaction() as connection:
            if connection.execute(f"SELECT ? IN ({_IN_USE})", (class_id,)).fetchone()[0]:
                return False
            keys = {key for (key,) in connection.execute("SELECT key FROM classes WHERE id = ?", (class_id,))}
            self._remove(connection, [class_id])
            self._settings.set(DELETED_CLASSES, sorted({*self._deleted()} | keys))
            return True

    def answered(self) -> set[int]:
        """The ids of the classes that photos are labelled with, or do not show as a person said."""
        return {class_id for (class_id,) in self._database.tuples(_ANSWERED)}

    def resolve(self, name: str, origin: ClassOrigin) -> PhotoClass:
        """The class with this name or former name; made if there is none.

        The origin of a class that came from a model changes to `origin`.

        Raises:
            ClassRefused: the name is new and not valid.
        """
        with self._database.transaction() as connection:
            found = self.find(name)
            if found is None:
                return self.add(name, origin)
            if found.origin is ClassOrigin.MODEL and origin is not ClassOrigin.MODEL:
                connection.execute("UPDATE classes SET origin = ? WHERE id = ?", (origin.value, found.id))
                found = PhotoClass(found.id, found.name, origin, found.position, found.colour)
            return found

    def resolve_all(self, names: Iterable[str], origin: ClassOrigin) -> dict[str, PhotoClass]:
        """`resolve` for several names, by name; new classes are made in natural order ("bed 2" before "bed 10").

        Raises:
            ClassRefused: a name is new and not valid; no class was made.
        """
        with self._database.transaction():
            return {name: self.resolve(name, origin) for name in in_order_of_making(names)}

    def meant_by(self, names: Sequence[str], *, make: bool = True) -> list[int]:
        """The class ids of a model's class names, in their order.

        Two names have the same id if their classes were merged; the name of a deleted class has id 0.

        Args:
            names: Those of the model.
            make: Make new classes; else their names have id 0, too.

        Raises:
            ClassRefused: a name is new and not valid.
        """
        former = self._database.tuples("SELECT key, class_id FROM class_aliases")
        ids: dict[str, int] = dict(former) | dict(self._database.tuples("SELECT key, id FROM classes"))
        if any(class_key(name) not in ids for name in names):
            ids |= dict.fromkeys(set(self._deleted()) - ids.keys(), 0)
        found = [ids.get(class_key(name)) for name in names]
        if None not in found or not make:
            return [class_id or 0 for class_id in found]
        return [
            self.resolve(name, ClassOrigin.MODEL).id if class_id is None else class_id
            for name, class_id in zip(names, found, strict=True)
        ]

    def without_deleted(self, names: Iterable[str]) -> list[str]:
        """A model's class names without those of deleted classes."""
        deleted = set(self._deleted())
        return [name for name in names if class_key(name) not in deleted or self.find(name) is not None]

    def keys_of_former_names(self) -> list[str]:
        """Former names of the classes and names of deleted ones, as `class_key` gives them."""
        return [*(key for (key,) in self._database.tuples("SELECT key FROM class_aliases")), *self._deleted()]

    def bring_back(self, names: Iterable[str]) -> None:
        """Allow these names again although their classes were deleted."""
        self._undelete_names([class_key(name) for name in names])

    def check_name(self, class_id: int, name: str) -> str:
        """Return the name as `rename` would store it.

        Raises:
            ClassRefused: the name is not valid or taken, or the class does not exist any more.
        """
        name = validated_name(name)
        if class_key(name) != self._key_of(class_id):
            self._refuse_taken(name)
        return name

    def rename(self, class_id: int, name: str) -> RenamedClass:
        """Rename a class; models with the old name still predict this class.

        Raises:
            ClassRefused: the name is not valid or taken, or the class does not exist any more.
        """
        with self._database.transaction() as connection:
            name = self.check_name(class_id, name)
            key, old_key = class_key(name), self._key_of(class_id)
            meant = connection.execute("SELECT key, class_id FROM class_aliases WHERE key IN (?, ?)", (old_key, key))
            deleted = key in self._deleted()
            renamed = RenamedClass(self._existing(class_id), (old_key, key), tuple(map(tuple, meant)), deleted)
            if key != old_key:
                connection.execute("DELETE FROM class_aliases WHERE key = ? AND class_id = ?", (key, class_id))
                _add_alias(connection, old_key, class_id)
            connection.execute("UPDATE classes SET name = ?, key = ? WHERE id = ?", (name, key, class_id))
            _assign_to_person(connection, class_id)
            self._undelete_names([key])
            return renamed

    def rename_back(self, renamed: RenamedClass) -> None:
        """Undo a renaming completely.

        Raises:
            ClassRefused: the old name has been taken since, or the class does not exist any more.
        """
        one, (old_key, key) = renamed.before, renamed.keys
        with self._database.transaction() as connection:
            self.check_name(one.id, one.name)
            connection.execute("DELETE FROM class_aliases WHERE key = ? AND class_id = ?", (old_key, one.id))
            connection.executemany(_RESTORE_ALIAS, renamed.meant)
            connection.execute(
                "UPDATE classes SET name = ?, key = ?, origin = ? WHERE id = ?",
                (one.name, old_key, one.origin.value, one.id),
            )
            if renamed.deleted:
                self._settings.set(DELETED_CLASSES, sorted({*self._deleted(), key}))

    def merge(self, class_id: int, into: int) -> RemovedClass:
        """Move all labels and names of one class to another and remove it.

        Raises:
            ClassRefused: both are the same class, or one of them does not exist any more.
        """
        if class_id == into:
            raise ClassRefused(text("A class cannot be merged with itself"))
        with self._database.transaction() as connection:
            key, one, other = self._key_of(class_id), self._existing(class_id), self._existing(into)
            meant = connection.execute("SELECT class_id FROM class_aliases WHERE key = ?", (key,)).fetchone()
            dependents = ClassDependents.of(connection, class_id, into)
            deleted = frozenset(self._deleted()) & {key, *dependents.aliases}
            removed = RemovedClass(one, other, dependents, deleted, meant[0] if meant else 0)
            connection.execute("UPDATE labels SET class_id = ? WHERE class_id = ?", (into, class_id))
            connection.execute("UPDATE pending_labels SET class_id = ? WHERE class_id = ?", (into, class_id))
            connection.execute("UPDATE class_aliases SET class_id = ? WHERE class_id = ?", (into, class_id))
            _add_alias(connection, key, into)
            _assign_to_person(connection, into)
            merge_rejected(connection, class_id, into)
            self._remove(connection, [class_id])
            return removed

    def delete(self, class_id: int) -> RemovedClass | None:
        """Remove a class with its labels and former names, not its photos; None if it does not exist any more.

        Models can still predict its names, but they stand for no class until one of them is used again.
        """
        with self._database.transaction() as connection:
            one = next((candidate for candidate in self.all() if candidate.id == class_id), None)
            if one is None:
                return None
            dependents, deleted = ClassDependents.of(connection, class_id), frozenset(self._deleted())
            keys = {self._key_of(class_id), *dependents.aliases}
            self._remove(connection, [class_id])
            self._settings.set(DELETED_CLASSES, sorted(deleted | keys))
            return RemovedClass(one, None, dependents, deleted & keys)

    def restore(self, removed: RemovedClass) -> None:
        """Restore a merged or deleted class with its id, position, colour, names and labels.

        Labels changed since then are kept.

        Raises:
            ClassRefused: its name has been taken since.
        """
        one, into = removed.photo_class, removed.into
        with self._database.transaction() as connection:
            self._make_room(connection, one.name)
            self.put_back(one)
            key = self._key_of(one.id)
            deleted = {*self._deleted()} - {key, *removed.dependents.aliases} | removed.deleted
            self._settings.set(DELETED_CLASSES, sorted(deleted))
            removed.dependents.restore(connection, one.id, None if into is None else into.id)
            if into is None:
                return
            connection.execute("DELETE FROM class_aliases WHERE key = ? AND class_id = ?", (key, into.id))
            connection.execute(_RESTORE_ALIAS, (key, removed.meant))
            # A class that was renamed since then keeps the person as its origin.
            connection.execute(
                "UPDATE classes SET origin = ? WHERE id = ? AND name = ?", (into.origin.value, into.id, into.name)
            )

    def reorder(self, ids: Sequence[int]) -> None:
        """Order the classes by `ids`; those not listed follow in their present order."""
        rank = {class_id: position for position, class_id in enumerate(ids)}
        with self._database.transaction() as connection:
            present = [photo_class.id for photo_class in self.all()]
            _number(connection, sorted(present, key=lambda class_id: rank.get(class_id, len(rank))))

    def keep_model_classes(self, names: Iterable[str]) -> None:
        """Remove the classes that came from a model, have no labels and are not in `names`.

        A class that a photo does not show stays, as that answer would be lost with it.
        """
        kept = {class_key(name) for name in names}
        with self._database.transaction() as connection:
            rows = connection.execute(
                f"SELECT id, key FROM classes WHERE origin = ? AND id NOT IN ({_ANSWERED})",
                (ClassOrigin.MODEL.value,),
            ).fetchall()
            aliases = connection.execute("SELECT key, class_id FROM class_aliases").fetchall()
            meant = {class_id for key, class_id in aliases if key in kept}
            self._remove(connection, [class_id for class_id, key in rows if key not in kept and class_id not in meant])

    def _remove(self, connection: sqlite3.Connection, ids: Sequence[int]) -> None:
        if not ids:
            return
        # Labels and aliases are deleted by cascade: see the schema.
        connection.executemany("DELETE FROM classes WHERE id = ?", [(class_id,) for class_id in ids])
        _number(connection, [photo_class.id for photo_class in self.all()])

    def _deleted(self) -> list[str]:
        return self._settings.get(DELETED_CLASSES)

    def _undelete_names(self, keys: Iterable[str]) -> None:
        """Remove these names from the names of deleted classes."""
        deleted = self._deleted()
        if deleted:
            self._settings.set(DELETED_CLASSES, sorted(set(deleted) - set(keys)))

    def _key_of(self, class_id: int) -> str:
        return str(self._row_of("key", class_id)[0])

    def _existing(self, class_id: int) -> PhotoClass:
        return _photo_class(self._row_of(_COLUMNS, class_id))

    def _row_of(self, columns: str, class_id: int) -> sqlite3.Row:
        rows = self._database.query(f"SELECT {columns} FROM classes WHERE id = ?", (class_id,))
        if not rows:
            raise ClassRefused(text("The class does not exist any more"), text("it was deleted or merged"))
        return rows[0]

    def _make_room(self, connection: sqlite3.Connection, name: str) -> None:
        """Remove a class of this name that came from a model and has no labels."""
        [taken] = connection.execute(
            f"SELECT MAX(id) FROM classes WHERE key = ? AND origin = ? AND id NOT IN ({_IN_USE})",
            (class_key(name), ClassOrigin.MODEL.value),
        ).fetchone()
        if taken is not None:
            self._remove(connection, [taken])

    def _refuse_taken(self, name: str) -> None:
        rows = self._database.query("SELECT name FROM classes WHERE key = ?", (class_key(name),))
        if rows:
            raise ClassRefused(
                text("The class “{name}” cannot be used", name=name),
                text("there is already a class “{existing}”", existing=rows[0]["name"]),
            )


def in_order_of_making(names: Iterable[str]) -> list[str]:
    """Each name once, in the natural order that new classes get."""
    order = NaturalOrder()
    return sorted(set(names), key=lambda name: (order.folder(name), name))


def _add_alias(connection: sqlite3.Connection, key: str, class_id: int) -> None:
    connection.execute("INSERT OR REPLACE INTO class_aliases (key, class_id) VALUES (?, ?)", (key, class_id))


def _assign_to_person(connection: sqlite3.Connection, class_id: int) -> None:
    """Change the origin of a class from model to person, so that it is kept when the model is removed."""
    connection.execute(
        "UPDATE classes SET origin = ? WHERE id = ? AND origin = ?",
        (ClassOrigin.PERSON.value, class_id, ClassOrigin.MODEL.value),
    )


def _number(connection: sqlite3.Connection, ids: Sequence[int]) -> None:
    connection.executemany("UPDATE classes SET position = ? WHERE id = ?", list(enumerate(ids)))


def _photo_class(row: sqlite3.Row) -> PhotoClass:
    class_id, name, origin, position, colour = row
    return PhotoClass(class_id, name, ClassOrigin(origin), position, colour)
