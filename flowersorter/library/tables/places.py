"""Places as columns: what the library knows of a whole folder, without an object for every file."""

from __future__ import annotations

import os
from pathlib import Path

#: What `Places.from_rows` reads, in this order.
PLACE_COLUMNS = "id, path, COALESCE(photo_id, 0), size_bytes, mtime_ns, error, missing"


def path_range(folder: Path) -> tuple[bytes, bytes]:
    """The bounds, first included and last not, of the paths that start with a folder and a separator."""
    separator = os.fsencode(os.sep)
    prefix = os.fsencode(folder)
    if not prefix.endswith(separator):
        prefix += separator
    # The last byte is the separator, never 0xff: one higher is the first path that no longer starts so.
    return prefix, prefix[:-1] + bytes([prefix[-1] + 1])
