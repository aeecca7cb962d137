"""Paths and choices as a script gives them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias, TypeVar

from flowersorter.errors import UserError
from flowersorter.messages import text

AnyPath: TypeAlias = str | os.PathLike[str]
_Choice = TypeVar("_Choice", bound=StrEnum)


def chosen(choices: type[_Choice], value: str, argument: str) -> _Choice:
    """Convert a text to one of the choices.

    Raises:
        UserError: it is none of them; the error lists them.
    """
    try:
        return choices(value)
    except ValueError:
        names = ", ".join(f'"{each.value}"' for each in choices)
        raise UserError(
            text("{argument} cannot be {value!r}", argument=argument, value=value),
            hint=text("Choose one of {names}", names=names),
        ) from None


def given_path(path: AnyPath) -> Path:
    """Convert the path that a script gives; "~" becomes the home folder.

    Raises:
        UserError: no file can have such a path.
    """
    name = os.fspath(path)
    if not name or "\0" in name:
        raise UserError(text("{name!r} is not a valid path", name=name))
    try:
        return Path(name).expanduser()
    except RuntimeError as error:  # "~name" of no user
        raise UserError(
            text("The folder {name} cannot be found", name=name), str(error), text("Give a path without ~")
        ) from error


def given_paths(paths: AnyPath | Sequence[AnyPath]) -> list[Path]:
    """Convert the path, or the paths, that a script gives, as `given_path` does.

    Raises:
        UserError: no file can have such a path.
    """
    return list(map(given_path, [paths] if isinstance(paths, str | os.PathLike) else paths))
