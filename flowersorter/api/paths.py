"""Paths as a script gives them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeAlias

from flowersorter.errors import UserError
from flowersorter.messages import text

AnyPath: TypeAlias = str | os.PathLike[str]


def given_path(path: AnyPath) -> Path:
    """The path that is meant.

    Raises:
        UserError: there can be no such file.
    """
    name = os.fspath(path)
    if not name or "\0" in name:
        raise UserError(
            text("{name!r} is no file and no folder", name=name), text("no name can be like that"), text("Give a path")
        )
    try:
        return Path(name).expanduser()
    except RuntimeError as error:  # "~name" of no user
        raise UserError(
            text("The folder {name} cannot be found", name=name), str(error), text("Give a path without ~")
        ) from error
