"""Finds the translations of the person's language: gettext catalogues in ``flowersorter/locale``, for all texts.

``FLOWERSORTER_LANGUAGE`` chooses the language, else the system does. CONTRIBUTING says how a language is added.
"""

from __future__ import annotations

import gettext
import locale
import os
from collections.abc import Sequence
from pathlib import Path

from flowersorter.messages import set_translations

DOMAIN = "flowersorter"
LOCALE_FOLDER = Path(__file__).with_name("locale")
_VARIABLES = ("FLOWERSORTER_LANGUAGE", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")  # as gettext, ours first


def use_translations(languages: Sequence[str] = ()) -> gettext.NullTranslations | None:
    """Word every message of this process in the first of these languages that has a catalogue.

    Args:
        languages: Such as "de_AT"; by default those of the environment and the system.

    Returns:
        The translations; None if the texts stay English.
    """
    found: gettext.NullTranslations | None = None
    wanted = languages or _preferred_languages()
    if wanted and LOCALE_FOLDER.is_dir():
        for language in wanted:
            if language.partition("_")[0].casefold() in {"en", "c", "posix"}:
                break  # a person who reads English does not get their second language
            try:
                found = gettext.translation(DOMAIN, LOCALE_FOLDER, [language])
            except OSError:  # no catalogue, or one that cannot be read
                continue
            break
    set_translations(found)
    return found


def _preferred_languages() -> list[str]:
    for variable in _VARIABLES:
        value = os.environ.get(variable)
        if value:
            return [language.partition(".")[0] for language in value.split(":")]
    system = locale.getlocale()[0]  # Windows and macOS have no such variables
    return [system] if system else []
