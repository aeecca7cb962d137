"""Messages as templates with values: worded in English here, translated only at the edges; imports nothing.

The engine raises `text("Folder not found: {folder}", folder=path)`. The terminal and the window may set a translator
that looks the template up in another language; without one every message is English.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Self


class Text(str):
    """An English sentence that keeps its template and values, so that an edge can word it in another language.

    Attributes:
        template: English, with named fields ("Folder not found: {folder}"); the key of the translation.
        values: Field values by name.
    """

    __slots__ = ("template", "values")

    template: str
    values: dict[str, object]

    def __new__(cls, template: str, values: dict[str, object]) -> Self:
        """Format the template; the result equals the English sentence."""
        made = super().__new__(cls, template.format(**values))
        made.template, made.values = template, values
        return made

    def __reduce__(self) -> tuple[type[Self], tuple[str, dict[str, object]]]:
        """Keep template and values when an error crosses a process."""
        return type(self), (self.template, self.values)


def text(template: str, /, **values: object) -> Text:
    """Return a translatable message.

    Args:
        template: English, with named fields; never an f-string.
        values: One for each field.
    """
    return Text(template, values)


def worded(message: str) -> str:
    """Return a message in the language of the edge; a plain string is returned as it is."""
    if not isinstance(message, Text):
        return message
    values = {name: worded(value) if isinstance(value, Text) else value for name, value in message.values.items()}
    return _lookup[0](message.template).format(**values)


def set_translator(lookup: Callable[[str], str] | None) -> None:
    """Use a translation of templates in this process; None goes back to English.

    Args:
        lookup: Returns the translated template, with the same fields, or the template itself if it has none.
    """
    _lookup[0] = lookup or _english


def _english(template: str) -> str:
    return template


_lookup: list[Callable[[str], str]] = [_english]
