"""Keeps the error messages of libtiff from the terminal, and adds them to the exception that they explain.

libtiff writes to the error output of the process, from any thread, a line for each broken row. Its handler is replaced
once, for the whole process; every thread keeps the messages about its own picture. Where Pillow is linked with libtiff
so that its functions cannot be found (on Windows), the handler stays as it is.
"""

from __future__ import annotations

import atexit
import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from PIL import _imaging

#: Messages kept for a picture, and the length of one: broken data repeats itself.
_MOST_MESSAGES, _MOST_BYTES = 3, 200

#: TIFFErrorHandler of libtiff: module, format, arguments. A va_list that is passed on is one pointer on every system.
_ErrorHandler = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p)


class _Messages(threading.local):
    """Messages about the picture that this thread decodes; None while it decodes none."""

    taken: list[str] | None = None


_messages = _Messages()


@contextmanager
def libtiff_messages() -> Iterator[None]:
    """Add the messages of libtiff, as notes, to an exception of Pillow.

    Raises:
        OSError: of Pillow, with its notes.
    """
    before, _messages.taken = _messages.taken, []
    try:
        yield
    except OSError as error:
        for message in _messages.taken or ():
            error.add_note(message)
        raise
    finally:
        _messages.taken = before


def _replaced_handler() -> Any:
    """Replace libtiff's error handler; return the objects to keep alive, None where it cannot be replaced."""
    try:
        set_handler = ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler
        printf = ctypes.CDLL(None).vsnprintf
    except (AttributeError, OSError, TypeError):
        return None
    printf.argtypes = (ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_void_p)

    def keep(module: bytes | None, form: bytes, arguments: int | None) -> None:
        taken = _messages.taken
        if taken is None or len(taken) >= _MOST_MESSAGES:
            return
        text = ctypes.create_string_buffer(_MOST_BYTES)
        printf(text, len(text), form, arguments)
        message = text.value.decode("utf-8", "replace").rstrip(".\n")
        if message not in taken:
            taken.append(message)

    handler = _ErrorHandler(keep)
    set_handler.argtypes = (_ErrorHandler,)
    set_handler.restype = ctypes.c_void_p
    set_handler(handler)
    atexit.register(set_handler, _ErrorHandler())  # the handler ends with Python, libtiff with the process
    return handler


_handler = _replaced_handler()
