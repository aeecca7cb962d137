"""The program's front door: a folder or nothing opens the window, everything else goes to the command line."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from flowersorter.commands.parser import VERBS


@dataclass(frozen=True, slots=True)
class WindowRequest:
    """A window: with which folder, and with which collection."""

    folder: Path | None = None
    collection: Path | None = None


def main(argv: Sequence[str] | None = None) -> int:
    """Open the window or run a verb; returns the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    wish = window_request(arguments)
    if wish is None:
        from flowersorter import cli

        return cli.main(arguments)
    try:
        from flowersorter import app
    except ImportError as error:
        print(f"The window cannot be opened: {error}.", file=sys.stderr)  # noqa: T201 - there is no window
        return 1
    return app.run(sys.argv[:1] or ["flowersorter"], wish.folder, wish.collection)


def window_request(arguments: Sequence[str]) -> WindowRequest | None:
    """What window these arguments ask for, or None if they are for the command line."""
    rest = list(arguments)
    collection: Path | None = None
    if len(rest) >= 2 and rest[0] == "--collection":
        collection, rest = Path(rest[1]), rest[2:]
    elif rest and rest[0].startswith("--collection="):
        collection, rest = Path(rest[0].partition("=")[2]), rest[1:]
    if not rest:
        return WindowRequest(collection=collection)
    named = rest[0]
    if len(rest) > 1 or named in VERBS or named.startswith("-"):
        return None
    path = Path(named)
    if path.is_file():
        return WindowRequest(path.parent, collection)
    # A word that is no folder is rather a mistyped verb, which the command line explains better.
    return WindowRequest(path, collection) if path.is_dir() or len(path.parts) > 1 else None


def run() -> NoReturn:
    """Open the window or run a verb, and end the process.

    Whoever pressed Ctrl+C, or closed the window, while the network was being opened does not wait until it is open.
    """
    status = main()
    if any(not thread.daemon and thread is not threading.current_thread() for thread in threading.enumerate()):
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:  # a program without a console has none
                with suppress(OSError):
                    stream.flush()
        os._exit(status)
    sys.exit(status)


if __name__ == "__main__":
    run()
