"""Paths, choices and numbers as a script gives them."""

from __future__ import annotations

import operator
import os
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import SupportsFloat, SupportsIndex, TypeAlias, TypeVar

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
        raise _none_of([each.value for each in choices], value, argument) from None


def require_one_of(choices: Sequence[str], value: object, argument: str) -> None:
    """Check that a value is one of the choices.

    Raises:
        UserError: it is none of them; the error lists them.
    """
    if value not in choices:
        raise _none_of(choices, value, argument)


def _none_of(choices: Sequence[str], value: object, argument: str) -> UserError:
    names = ", ".join(f'"{each}"' for each in choices)
    return UserError(
        text("{argument} cannot be {value!r}", argument=argument, value=value),
        hint=text("Choose one of {names}", names=names),
    )


def whole_number(value: object, argument: str, least: int | None = None, most: int | None = None) -> int:
    """Check a whole number that a script gives.

    Args:
        value: The number; NumPy's whole numbers are taken, too.
        argument: Its name.
        least: The smallest that is allowed; None for no limit.
        most: The largest; None for no limit.

    Raises:
        UserError: it is no whole number, or out of these limits.
    """
    if isinstance(value, SupportsIndex) and not isinstance(value, bool):
        number = operator.index(value)
        if (least is None or least <= number) and (most is None or number <= most):
            return number
    if least is None:
        hint = text("Give a whole number")
    elif most is None:
        hint = text("Give a whole number of {least} or more", least=least)
    else:
        hint = text("Give a whole number from {least} to {most}", least=least, most=most)
    raise UserError(text("{argument} cannot be {value!r}", argument=argument, value=value), hint=hint)


def positive_rate(value: object, argument: str) -> float | None:
    """Check a number of units a second that a script gives; None and 0 are no limit.

    Raises:
        UserError: it is no number, or less than 0.
    """
    if value is None:
        return None
    if isinstance(value, SupportsFloat) and not isinstance(value, bool) and float(value) >= 0:  # not NaN
        return float(value) or None
    raise UserError(
        text("{argument} cannot be {value!r}", argument=argument, value=value),
        hint=text("Give a number above 0, or None for no limit"),
    )


#: Of a value that is shown in an error.
_MOST_LETTERS = 60


def given_path(path: AnyPath) -> Path:
    """Convert the path that a script gives; "~" becomes the home folder.

    Raises:
        UserError: no file can have such a path.
    """
    if not isinstance(path, str | os.PathLike):
        raise UserError(
            text("{value} is not a path", value=repr(path)[:_MOST_LETTERS]),
            hint=text("Give one path, as a string or a pathlib.Path"),
        )
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
