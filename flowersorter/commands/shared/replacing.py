"""Keeps a command from replacing a file that it was not told to replace."""

from __future__ import annotations

from pathlib import Path

from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.output import shown
from flowersorter.errors import UserError
from flowersorter.messages import text


def ask_to_replace(call: Call, *files: Path) -> None:
    """Ask whether existing files may be replaced, before work that takes long; ``--overwrite`` says yes.

    Args:
        call: Its options have ``overwrite``.
        files: The files to write. Devices, such as /dev/stdout, are not replaced and not asked about.

    Raises:
        UserError: a file is there and must not be replaced, or its folder is missing.
    """
    for file in files:
        if not file.absolute().parent.is_dir():
            raise UserError(
                text("{file} cannot be saved", file=shown(file.absolute())),
                text("the folder does not exist"),
                text("Choose another folder"),
            )
    if call.options.overwrite:
        return
    for file in files:
        if file.is_file() and not call.terminal.ask(text("Replace {file}?", file=shown(file.absolute()))):
            call.cancel.check()
            raise UserError(
                text("{file} is there already", file=shown(file.absolute())),
                hint=text("To replace it, add --overwrite"),
            )
