"""Writes JSON files piece by piece: a list of 100,000 photos needs no memory."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, BinaryIO


def encoded(value: Any) -> bytes:
    """Encode a value; bytes of a file name that are not text become escapes, which JSON readers understand."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def write_object(file: BinaryIO, parts: Iterable[tuple[str, Any | Iterable[bytes]]]) -> None:
    """Write an object.

    Args:
        file: Open for writing.
        parts: Keys with their values; an iterator is written as a list of its encoded items, one a line.
    """
    file.write(b"{")
    for number, (key, value) in enumerate(parts):
        file.write(b",\n" if number else b"\n")
        file.write(encoded(key) + b":")
        if isinstance(value, (dict, list, str)):
            file.write(encoded(value))
        else:
            _write_list(file, value)
    file.write(b"\n}\n")


def _write_list(file: BinaryIO, items: Iterable[bytes]) -> None:
    file.write(b"[")
    for number, item in enumerate(items):
        file.write(b",\n" if number else b"\n")
        file.write(item)
    file.write(b"\n]")
