"""What a drop from another program means: the folder that is meant."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData


def dropped_folder(mime: QMimeData) -> Path | None:
    """The folder that is dropped, or the one a dropped photo is in; None where it is neither."""
    for url in mime.urls() if mime.hasUrls() else ():
        path = Path(url.toLocalFile())
        if url.isLocalFile() and path.exists():
            return path if path.is_dir() else path.parent
    return None
