"""Small things a collection remembers by name, as JSON values in the library."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from flowersorter.domain.setting import value_of
from flowersorter.library.database.connection import Database

T = TypeVar("T")


class Settings:
    """The settings of one collection; they hold JSON values."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, key: str, default: T) -> T:
        """The value of `key`, or `default` where none is stored or the stored one is of another type.

        With None as default any stored value is returned.
        """
        return value_of(self._text(key), default)

    def texts(self) -> dict[str, str]:
        """Every value as JSON text, by key; `value_of` reads one."""
        return {str(key): str(value) for key, value in self._database.tuples("SELECT key, value FROM settings")}

    def set(self, key: str, value: Any) -> None:
        """Store a JSON value under `key`; it is on disk when this returns.

        What is there already is not written again: a library that was only looked at needs no new backup.

        Raises:
            TypeError: `value` is nothing JSON can hold.
        """
        self.set_text(key, json.dumps(value))

    def set_text(self, key: str, text: str) -> None:
        """The same for a value that is JSON text already."""
        if self._text(key) == text:
            return
        with self._database.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO settings (key, value) VALUES (?, ?)", (key, text))

    def _text(self, key: str) -> str | None:
        rows = self._database.query("SELECT value FROM settings WHERE key = ?", (key,))
        return str(rows[0]["value"]) if rows else None
