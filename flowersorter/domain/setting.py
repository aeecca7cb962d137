"""A setting as it is stored: JSON text, read as the type that its reader expects."""

from __future__ import annotations

import json
from typing import TypeVar, cast

T = TypeVar("T")


def value_of(text: str | None, default: T) -> T:
    """The value that a JSON text holds; `default` where there is none, or one of another type.

    With None as default any value is returned.
    """
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
