"""Languages for tests, without a catalogue on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from flowersorter.messages import set_translations


class Language:
    """Translations by a function of the English template.

    Args:
        translate: Returns the translated template.
    """

    def __init__(self, translate: Callable[[str], str]) -> None:
        self.gettext = translate

    def ngettext(self, one: str, many: str, number: int) -> str:
        """Translate one of two templates."""
        return self.gettext(one if number == 1 else many)


@contextmanager
def spoken(dictionary: Mapping[str, str]) -> Iterator[Language]:
    """Translate the templates of a dictionary for a while."""
    language = Language(lambda template: dictionary.get(template, template))
    set_translations(language)
    try:
        yield language
    finally:
        set_translations(None)
