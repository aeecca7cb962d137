"""The message of a second start to the window that has the collection open, and the socket it goes through."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

#: Longest message, more than a command line can hold; a longer one is ignored.
MAX_BYTES = 8 * 1024 * 1024
#: The answer of a window that took the message.
TAKEN = b"taken\n"
_VERSION = 1
_MAX_TOKEN = 256


@dataclass(frozen=True, slots=True)
class StartRequest:
    """The folders and photos of a second start.

    Attributes:
        roots: Absolute paths; none to show the window only.
        activation_token: Lets a window come forward on Wayland; "" elsewhere.
    """

    roots: tuple[Path, ...] = ()
    activation_token: str = ""


def encode(request: StartRequest) -> bytes:
    """Write a request as one line of ASCII: JSON escapes invalid Unicode in a path, too."""
    fields = {"version": _VERSION, "roots": [str(root) for root in request.roots], "token": request.activation_token}
    return json.dumps(fields).encode("ascii") + b"\n"


def decode(line: bytes) -> StartRequest | None:
    """Read a request; None where the line is anything else."""
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict) or fields.get("version") != _VERSION:
        return None
    roots, token = fields.get("roots"), fields.get("token")
    if not isinstance(roots, list) or not all(map(_is_path, roots)) or not isinstance(token, str):
        return None
    is_token = len(token) <= _MAX_TOKEN and token.isascii() and token.isprintable()
    return StartRequest(tuple(map(Path, roots)), token if is_token else "")


def _is_path(root: object) -> bool:
    if not isinstance(root, str) or "\0" in root or not Path(root).is_absolute():
        return False
    try:
        os.fsencode(root)
    except UnicodeEncodeError:  # a surrogate that no file name has
        return False
    return True


def socket_address(collection: Path) -> str | None:
    """Address of the window of a collection: a socket in a folder that only this user may enter, or a pipe.

    Args:
        collection: The folder; links are followed, so that two ways to it give one address.

    Returns:
        The path of the socket, on Windows the name of the pipe; None where no folder is safe.
    """
    key = os.path.normcase(os.path.realpath(collection))
    if sys.platform == "win32":
        digest = hashlib.sha256(f"{os.environ.get('USERNAME', '')}\0{key}".encode("utf-8", "surrogatepass"))
        return rf"\\.\pipe\flowersorter-{digest.hexdigest()[:32]}"
    folder = (
        Path(os.environ.get("XDG_RUNTIME_DIR") or os.environ.get("TMPDIR") or "/tmp") / f"flowersorter-{os.getuid()}"
    )
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        state = folder.lstat()
    except OSError:
        return None
    if not stat.S_ISDIR(state.st_mode) or state.st_uid != os.getuid() or state.st_mode & 0o077:
        return None  # another user may have made it
    return str(folder / hashlib.sha256(os.fsencode(key)).hexdigest()[:32])
