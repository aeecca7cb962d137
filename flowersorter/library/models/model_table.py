"""The trained models of a collection: a file each, and a table that marks the one in use."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from flowersorter.errors import ModelFileBad, UserError
from flowersorter.library.database.connection import Database
from flowersorter.library.models.safetensors_bundle import read_bundle, write_bundle
from flowersorter.messages import text

#: Names, among those of a model, of deleted classes whose photos only tell it which others are unknown.
BACKGROUND = "background"

_COLUMNS = "id, created_at, backbone, note, held_out_accuracy, classes, photos, current"


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model in the table.

    Attributes:
        created_at: ISO 8601 in UTC.
        held_out_accuracy: From 0 to 1, on photos it was not trained on; None where there were too few.
        classes: The classes that it suggests.
        photos: Number of photos it was trained on.
        current: Whether it is the one in use.
    """

    id: int
    created_at: str
    backbone: str
    note: str
    held_out_accuracy: float | None
    classes: tuple[str, ...]
    photos: int
    current: bool


class ModelStore:
    """The models of one collection, without the starter model, which ships with the program."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder

    def add(self, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, Any]) -> int:
        """Store a model; the one in use stays the same.

        Args:
            arrays: Its arrays, by name.
            metadata: JSON values; "backbone", "class_names", "held_out_accuracy", "photos", "note" are needed,
                `BACKGROUND` is not.

        Returns:
            Its id.

        Raises:
            UserError: the disk refuses; nothing was stored.
        """
        now, background = datetime.now(UTC).isoformat(timespec="seconds"), metadata.get(BACKGROUND, ())
        with self._database.transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO models (created_at, backbone, note, held_out_accuracy, classes, photos, file)"
                " VALUES (?, ?, ?, ?, ?, ?, '')",
                (
                    now,
                    metadata["backbone"],
                    metadata["note"],
                    metadata["held_out_accuracy"],
                    json.dumps([name for name in metadata["class_names"] if name not in background]),
                    metadata["photos"],
                ),
            )
            assert cursor.lastrowid is not None  # set after every INSERT
            model_id = cursor.lastrowid
            name = f"{model_id}.safetensors"
            # The file is written before the commit, so every row has its file. A file that a crash leaves without
            # a row is replaced by the next model, which gets the same number.
            try:
                self._folder.mkdir(exist_ok=True)
                write_bundle(self._folder / name, arrays, metadata)
            except OSError as error:
                raise UserError(text("The model could not be saved"), error.strerror or str(error)) from error
            connection.execute("UPDATE models SET file = ? WHERE id = ?", (name, model_id))
        return model_id

    def all(self) -> list[ModelEntry]:
        """Every model, newest first."""
        return [_entry(row) for row in self._database.query(f"SELECT {_COLUMNS} FROM models ORDER BY id DESC")]

    def current(self) -> ModelEntry | None:
        """The model in use, or None for the starter."""
        rows = self._database.query(f"SELECT {_COLUMNS} FROM models WHERE current")
        return _entry(rows[0]) if rows else None

    def use(self, model_id: int | None) -> None:
        """Select the model in use.

        Args:
            model_id: Its id, or None for the starter.

        Raises:
            ModelFileBad: there is no such model; the one in use stays the same.
        """
        with self._database.transaction() as connection:
            if model_id is not None:
                self._file(model_id)
            connection.execute("UPDATE models SET current = 0 WHERE current")
            connection.execute("UPDATE models SET current = 1 WHERE id = ?", (model_id,))

    def load(self, model_id: int) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Read a model.

        Returns:
            Its arrays by name, and its metadata.

        Raises:
            ModelFileBad: there is no such model, or its file is missing or damaged.
        """
        file = self._file(model_id)
        try:
            return read_bundle(file)
        except ModelFileBad as error:
            raise ModelFileBad(error.what, error.why, _ANOTHER) from error

    def set_note(self, model_id: int, note: str) -> None:
        """Change the note of a model.

        Raises:
            ModelFileBad: there is no such model.
        """
        with self._database.transaction() as connection:
            self._file(model_id)
            connection.execute("UPDATE models SET note = ? WHERE id = ?", (note, model_id))

    def delete(self, model_id: int) -> None:
        """Delete a model; if it was in use, the starter takes its place.

        Raises:
            ModelFileBad: there is no such model.
        """
        file = self._file(model_id)
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM models WHERE id = ?", (model_id,))
            self._database.after_commit(partial(_delete_file, file))

    def _file(self, model_id: int) -> Path:
        rows = self._database.query("SELECT file FROM models WHERE id = ?", (model_id,))
        if not rows:
            raise ModelFileBad(
                text("There is no model {model_id}", model_id=model_id), hint=text('"flowersorter models" lists them')
            )
        return self._folder / str(rows[0]["file"])


def _delete_file(file: Path) -> None:
    """Delete the file of a model; one that cannot be deleted only takes space."""
    with contextlib.suppress(OSError):
        file.unlink()


#: Hint where the file of a model is damaged.
_ANOTHER = "Use another model: Models in the window, flowersorter models --use ID in the terminal"


def _entry(row: sqlite3.Row) -> ModelEntry:
    return ModelEntry(
        id=row["id"],
        created_at=row["created_at"],
        backbone=row["backbone"],
        note=row["note"],
        held_out_accuracy=row["held_out_accuracy"],
        classes=tuple(json.loads(row["classes"])),
        photos=row["photos"],
        current=bool(row["current"]),
    )
