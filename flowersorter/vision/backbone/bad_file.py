"""The error for weights files, shared by those who look for them and those who read them."""

from __future__ import annotations

from pathlib import Path

from flowersorter.errors import ModelFileBad


def bad_file(path: Path, why: str) -> ModelFileBad:
    """The error for a weights file that cannot be used, and why."""
    return ModelFileBad(
        f"The weights file {path} cannot be used", why, "Pick another file or download the weights again"
    )
