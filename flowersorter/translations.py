"""Finds the translations of the person's language: gettext catalogues in ``flowersorter/locale``, one file a language.

``FLOWERSORTER_LANGUAGE`` chooses the language, else for the window its Preferences, else the system. CONTRIBUTING says
how to add a language.
"""

from __future__ import annotations

import gettext
import locale
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from flowersorter.messages import set_translations

LOCALE_FOLDER = Path(__file__).with_name("locale")
_VARIABLES = ("FLOWERSORTER_LANGUAGE", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")  # as gettext, ours first

_STRING = r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"'
_FIELD = re.compile(rf"^(msgid|msgid_plural|msgstr(?:\[\d\])?) +({_STRING}(?:\n{_STRING})*) *$", re.MULTILINE)
_QUOTES = re.compile(r'^"|"$|"\n"')
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "t": "\t"}
_PLURAL_FORMS = re.compile(r"^Plural-Forms:.*plural=(.*?);? *$", re.MULTILINE)


class Catalogue:
    """The translations of one language; a template without one stays English.

    Args:
        language: Such as "de" or "pt_BR".
        forms: The translated templates by English template, one for each plural form.
        form_of: The index of the plural form of a number.
    """

    def __init__(self, language: str, forms: Mapping[str, tuple[str, ...]], form_of: Callable[[int], int]) -> None:
        self.language = language
        self._forms, self._form_of = forms, form_of

    @classmethod
    def read(cls, file: Path) -> Catalogue:
        """Read a catalogue.

        Raises:
            OSError: it cannot be read.
            ValueError: It is not a catalogue.
        """
        forms = {ids[0]: strings for ids, strings in entries(file.read_text(encoding="utf-8")) if all(strings)}
        header = forms.pop("", ("",))[0]
        plural = _PLURAL_FORMS.search(header)
        if plural is None:
            raise ValueError(f"{file} does not say its plural forms")
        return cls(file.stem, forms, gettext.c2py(plural[1]))

    def gettext(self, message: str, /) -> str:
        """Return the translated template; the same one if there is none."""
        return self._forms.get(message, (message,))[0]

    def ngettext(self, one: str, many: str, number: int, /) -> str:
        """Return the translated template in the plural form of a number."""
        forms = self._forms.get(one)
        if forms is None:
            return one if number == 1 else many
        return forms[min(self._form_of(number), len(forms) - 1)]


def entries(catalogue: str) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Read the entries of a catalogue: the templates, one or singular and plural, and their translations.

    The header is the entry of the template "".
    """
    ids: list[str] = []
    strings: list[str] = []
    for keyword, quoted in _FIELD.findall(catalogue):
        text = _QUOTES.sub("", quoted) if "\n" in quoted else quoted[1:-1]
        if "\\" in text:
            text = _ESCAPE.sub(_unescaped, text)
        if keyword == "msgid":
            if ids:
                yield tuple(ids), tuple(strings)
            ids, strings = [text], []
        elif keyword == "msgid_plural":
            ids.append(text)
        else:
            strings.append(text)
    if ids:
        yield tuple(ids), tuple(strings)


def use_preferred(language: str) -> Catalogue | None:
    """As `use_translations` for the language chosen in Preferences, "" for none; the environment's goes first."""
    return use_translations((language,) if language and not os.environ.get(_VARIABLES[0]) else ())


def use_translations(languages: Sequence[str] = ()) -> Catalogue | None:
    """Word every message of this process in the first of these languages that has a catalogue.

    Args:
        languages: Such as "de_AT"; by default those of the environment and the system.

    Returns:
        The translations; None if the texts stay English.
    """
    found: Catalogue | None = None
    for language in languages or _preferred_languages():
        if language.partition("_")[0].casefold() in {"en", "c", "posix"}:
            break  # a person who reads English does not get their second language
        found = _catalogue(language)
        if found is not None:
            break
    set_translations(found)
    return found


def _catalogue(language: str) -> Catalogue | None:
    """The catalogue of a language, of "de" for "de_AT"; None where there is none that can be read."""
    for name in dict.fromkeys((language, language.partition("_")[0])):
        if re.fullmatch(r"\w+", name):
            try:
                return Catalogue.read(LOCALE_FOLDER / f"{name}.po")
            except (OSError, ValueError):
                continue
    return None


def _unescaped(escape: re.Match[str]) -> str:
    return _ESCAPED.get(escape[1], escape[1])


def _preferred_languages() -> list[str]:
    for variable in _VARIABLES:
        value = os.environ.get(variable)
        if value:
            return [language.partition(".")[0].partition("@")[0] for language in value.split(":")]
    system = locale.getlocale()[0]  # Windows and macOS have no such variables
    return [system] if system else []
