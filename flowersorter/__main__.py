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

from flowersorter.commands.shared.parser import parse_window


@dataclass(frozen=True, slots=True)
class WindowRequest:
    """A window: with which folders and photos, and with which collection."""

    roots: tuple[Path, ...] = ()
    collection: Path | None = None


def main(argv: Sequence[str] | None = None) -> int:
    """Open the window or run a verb; returns the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    wish = window_request(arguments)
    if wish is None:
        from flowersorter import cli

        return cli.main(arguments)
    from flowersorter.errors import UserError
    from flowersorter.ui.window.display_check import check_display

    try:
        check_display()
        from flowersorter import app
    except UserError as error:
        print(error, file=sys.stderr)  # noqa: T201 - there is no window
        return 1
    except ImportError as error:
        print(f"The window cannot be opened: {error}.", file=sys.stderr)  # noqa: T201
        return 1
    return app.run(sys.argv[:1] or ["flowersorter"], wish.roots, wish.collection)


def window_request(arguments: Sequence[str]) -> WindowRequest | None:
    """What window these arguments ask for, or None if they are for the command line."""
    if not arguments:
        return WindowRequest()
    line = parse_window(arguments)
    if line is None:
        return None
    roots: tuple[Path, ...] = line.roots
    if any(map(Path.is_file, roots)):
        from flowersorter.photos.scan import roots_to_open

        roots = roots_to_open(roots)
    return WindowRequest(roots, line.collection)


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
