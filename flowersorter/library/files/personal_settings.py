"""The settings of the person, whatever collection is open, in a JSON file beside the list of collections."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from flowersorter.atomic_write import write_atomically
from flowersorter.errors import UserError
from flowersorter.messages import text

#: Values of `PersonalSettings.colours`.
SYSTEM, LIGHT, DARK = "", "light", "dark"


@dataclass(frozen=True, slots=True)
class PersonalSettings:
    """How the window looks.

    Attributes:
        language: Such as "de"; "" for that of the system.
        colours: `LIGHT` or `DARK`; `SYSTEM` for those of the system.
    """

    language: str = ""
    colours: str = SYSTEM


def read_personal_settings(file: Path) -> PersonalSettings:
    """Read them; a missing or damaged file, or a value of another type, gives the default."""
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return PersonalSettings()
    known = stored if isinstance(stored, dict) else {}
    language, colours = known.get("language"), known.get("colours")
    return PersonalSettings(
        language if isinstance(language, str) else "", colours if colours in (LIGHT, DARK) else SYSTEM
    )


def store_personal_settings(file: Path, settings: PersonalSettings) -> None:
    """Write them.

    Raises:
        UserError: the disk refuses.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, json.dumps(asdict(settings), indent=1).encode("utf-8"), durable=False)
    except OSError as error:
        raise UserError(text("The setting was not saved"), error.strerror or str(error)) from error
