"""Entry point: opens the window for a folder or no argument, and runs the command line for everything else."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from flowersorter.commands.shared.output import Terminal
from flowersorter.commands.shared.parser import parse_window
from flowersorter.jobs.worker_threads import workers_ended

#: How long the end of the process waits for photos being decoded.
_END_WITHIN_S = 0.3


@dataclass(frozen=True, slots=True)
class WindowRequest:
    """The folders, photos and collection to open in the window; by default those of the last time."""

    roots: tuple[Path, ...] = ()
    collection: Path | None = None


def main(argv: Sequence[str] | None = None) -> int:
    """Open the window or run a command; return the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    request = window_request(arguments)
    if request is None:
        from flowersorter import cli

        return cli.main(arguments)
    from flowersorter.errors import UserError
    from flowersorter.library.files.locations import default_collection
    from flowersorter.ui.desktop.display_check import check_display
    from flowersorter.ui.desktop.hand_over import hand_over

    try:
        check_display()
        if hand_over((request.collection or default_collection()).absolute(), request.roots):
            return 0
        from flowersorter import app
    except UserError as error:
        Terminal(sys.stdout, sys.stderr).note(str(error))  # there is no window
        return 1
    except ImportError as error:
        Terminal(sys.stdout, sys.stderr).note(f"The window cannot be opened: {error}.")
        return 1
    return app.run(sys.argv[:1] or ["flowersorter"], request.roots, request.collection)


def window_request(arguments: Sequence[str]) -> WindowRequest | None:
    """Read the arguments for a window; None if they are for the command line."""
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
    """Open the window or run a command, and end the process.

    No opened file gets the number of a closed stream (``>&-``): the messages of a C library would end up in it.
    Does not wait for a thread that still loads the network or decodes a photo after Ctrl+C or after the window was
    closed.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number
    status = main()
    others = [thread for thread in threading.enumerate() if thread is not threading.current_thread()]
    if not workers_ended(_END_WITHIN_S) or any(not thread.daemon and thread.is_alive() for thread in others):
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:  # a program without a console has none
                with suppress(OSError):
                    stream.flush()
        os._exit(status)
    sys.exit(status)


if __name__ == "__main__":
    run()
