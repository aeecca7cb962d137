"""Small things a collection remembers by name, as JSON values in the library."""

from __future__ import annotations

import json
from typing import Any, TypeVar, cast

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
        text = self._text(key)
        if text is None:
            return default
        try:
            value = json.loads(text)
        except ValueError:
            return default
        if isinstance(default, float) and type(value) is int:
            value = float(value)
        # An exact match: JSON's true must not pass for the number 1.
        if default is None or type(value) is type(default):
            return cast(T, value)
        return default

    def set(self, key: str, value: Any) -> None:
        """Store a JSON value under `key`; it is on disk when this returns.

        What is there already is not written again: a library that was only looked at needs no new backup.

        Raises:
            TypeError: `value` is nothing JSON can hold.
        """
        text = json.dumps(value)
        if self._text(key) == text:
            return
        with self._database.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO settings (key, value) VALUES (?, ?)", (key, text))

    def _text(self, key: str) -> str | None:
        rows = self._database.query("SELECT value FROM settings WHERE key = ?", (key,))
        return str(rows[0]["value"]) if rows else None
