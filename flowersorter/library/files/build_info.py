"""The day the program was built, and the origin that an exported model states."""

from __future__ import annotations

from flowersorter import __version__
from flowersorter.library.files.locations import resource

#: Written into the wheel by `packaging/hatch_build.py`; a checkout has none.
DATE_FILE = "build-date.txt"


def build_date() -> str:
    """The day the program was built, ISO 8601; "" in a checkout."""
    try:
        return resource(DATE_FILE).read_text(encoding="ascii").strip()
    except OSError:
        return ""


def made_by(backbone: str) -> dict[str, str]:
    """The program that exports a model: its name, version and day, and the backbone of the model by its name."""
    return {"program": "FlowerSorter", "version": __version__, "build_date": build_date(), "backbone": backbone}
