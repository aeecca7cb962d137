"""Messages as templates with values: worded in English here, in another language only where a person reads them.

The engine raises `text("Folder not found: {folder}", folder=path)`. The terminal and the window set the translations of
the person's language (`flowersorter.translations`); without them every message is English. This module imports nothing.
"""

from __future__ import annotations

from typing import Protocol, Self


class Translations(Protocol):
    """Templates in one language, such as a `gettext.NullTranslations`; an unknown template is returned unchanged."""

    def gettext(self, message: str, /) -> str:
        """Return the translated template, with the same fields."""
        ...

    def ngettext(self, one: str, many: str, number: int, /) -> str:
        """Return the translated template in the plural form of a number."""
        ...


class Text(str):
    """An English sentence that keeps its template and values, so that it can be worded in another language.

    Attributes:
        template: English, with named fields ("Folder not found: {folder}"); the key of the translation.
        values: Field values by name.
        plural: The template for several, if the number in `values` decides between two.
    """

    __slots__ = ("plural", "template", "values")

    template: str
    values: dict[str, object]
    plural: str

    def __new__(cls, template: str, values: dict[str, object], plural: str = "") -> Self:
        """Format the template; the result equals the English sentence."""
        english = plural if plural and values["number"] != 1 else template
        made = super().__new__(cls, english.format(**values))
        made.template, made.values, made.plural = template, values, plural
        return made

    def __reduce__(self) -> tuple[type[Self], tuple[str, dict[str, object], str]]:
        """Keep template and values when an error crosses a process."""
        return type(self), (self.template, self.values, self.plural)


def text(template: str, /, **values: object) -> Text:
    """Return a translatable message.

    Args:
        template: English, with named fields; never an f-string.
        values: One for each field.
    """
    return Text(template, values)


def plural(one: str, many: str, number: int, /, **values: object) -> Text:
    """Return a translatable message with a number: `plural("{number} photo", "{number} photos", 3)`.

    Args:
        one: English template for 1, with named fields.
        many: English template for every other number. Other languages have more forms.
        number: Decides between them; the field `number`.
        values: One for each other field.
    """
    return Text(one, {"number": number, **values}, many)


def stored(message: str) -> Text:
    """Return a message that the library holds in English: it is a template, if it had no values when it was stored."""
    return message if isinstance(message, Text) else Text(message.replace("{", "{{").replace("}", "}}"), {})


def joined_texts(separator: str, *parts: str) -> Text:
    """Return several texts or names in a row, each worded by itself: no sentence, only punctuation between them."""
    values: dict[str, object] = {f"part{number}": part for number, part in enumerate(parts)}
    return Text(separator.join(f"{{{name}}}" for name in values), values)


def worded(message: str) -> str:
    """Return a message in the person's language; a plain string, such as one from the library, if it is a template."""
    translations = _translations[0]
    if translations is None or not message:
        return str(message)
    if not isinstance(message, Text):
        return translations.gettext(message)
    values = {name: worded(value) if isinstance(value, Text) else value for name, value in message.values.items()}
    if message.plural:
        number = values["number"]
        assert isinstance(number, int)
        template = translations.ngettext(message.template, message.plural, number)
    else:
        template = translations.gettext(message.template)
    return template.format(**values)


def language() -> str:
    """Return the language of worded messages, such as "de" or "pt_BR"."""
    return str(getattr(_translations[0], "language", "en"))


def set_translations(translations: Translations | None) -> None:
    """Use these translations in this process; None goes back to English."""
    _translations[0] = translations


_translations: list[Translations | None] = [None]
