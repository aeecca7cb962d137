"""Hands the folders of a second start to the window that has the collection open; needs no Qt.

`QLocalServer` listens at a Unix socket, on Windows at a named pipe, and Python can write to both.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from flowersorter.ui.desktop.start_request import TAKEN, StartRequest, encode, socket_address

if TYPE_CHECKING:
    from flowersorter.photos.scan import Roots

#: How long a window may take to answer.
ANSWER_WITHIN_S = 5.0


def hand_over(collection: Path, roots: Roots) -> bool:
    """Let the window of a collection open these folders and photos and come forward.

    Args:
        collection: Its folder.
        roots: Folders and photos, relative to the working folder or absolute; none to show the window only.

    Returns:
        Whether a window took them; False where none listens or none answers in time.
    """
    address = socket_address(collection)
    if address is None or (sys.platform != "win32" and not Path(address).is_socket()):
        return False
    token = os.environ.get("XDG_ACTIVATION_TOKEN", "")
    several = (roots,) if isinstance(roots, Path) else roots
    message = encode(StartRequest(tuple(root.absolute() for root in several), token))
    answers: list[bytes] = []
    # In a thread: a pipe has no time limit of its own.
    exchange = threading.Thread(target=_exchange, args=(address, message, answers), daemon=True)
    exchange.start()
    exchange.join(ANSWER_WITHIN_S)
    return answers == [TAKEN]


def _exchange(address: str, message: bytes, answers: list[bytes]) -> None:
    try:
        with _connection(address) as connection:
            _let_window_come_forward()
            connection.write(message)
            connection.flush()
            answers.append(connection.readline(len(TAKEN)))
    except OSError:  # left over from a program that crashed, or closed while it was written to
        return


def _connection(address: str) -> BinaryIO:
    if sys.platform == "win32":
        return cast(BinaryIO, Path(address).open("r+b", buffering=0))
    import socket  # not at the top: most starts find no window, and it takes longer than all the rest

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connected:
        connected.settimeout(ANSWER_WITHIN_S)
        connected.connect(address)
        return cast(BinaryIO, connected.makefile("rwb"))  # keeps the connection open


def _let_window_come_forward() -> None:
    """Pass on the right to raise a window, which Windows gives to the program that a person just started."""
    if sys.platform == "win32":
        import ctypes

        ctypes.windll.user32.AllowSetForegroundWindow(-1)
