"""The keywords of a class, as other programs expect them in XMP, and the classes that keywords name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

#: Levels of a nested class, from the outermost to the class itself: ("genus", "species").
Levels = tuple[str, ...]

#: Everything that is no character of XML 1.0 (section 2.2), a lone surrogate among it.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Field(StrEnum):
    """A property of XMP that holds keywords."""

    SUBJECT = "subject"  # dc:subject, flat, read by every program
    HIERARCHICAL = "hierarchical"  # lr:hierarchicalSubject of Lightroom, which darktable reads too: "genus|species"
    TAGS = "tags"  # digiKam:TagsList: "genus/species"
    MICROSOFT = "microsoft"  # MicrosoftPhoto:LastKeywordXMP of Windows, which digiKam fills too: "genus/species"


@dataclass(frozen=True, slots=True)
class FieldName:
    """The name of a property in XML.

    Attributes:
        uri: Its namespace.
        prefix: The usual prefix of that.
        name: Its name there.
        container: "Bag" without an order, "Seq" with one.
    """

    uri: str
    prefix: str
    name: str
    container: str


#: XMP specification part 1, 8.3 (dc); the others as Lightroom 13, digiKam 8 and Windows write them.
FIELD_NAMES: Mapping[Field, FieldName] = MappingProxyType(
    {
        Field.SUBJECT: FieldName("http://purl.org/dc/elements/1.1/", "dc", "subject", "Bag"),
        Field.HIERARCHICAL: FieldName("http://ns.adobe.com/lightroom/1.0/", "lr", "hierarchicalSubject", "Bag"),
        Field.TAGS: FieldName("http://www.digikam.org/ns/1.0/", "digiKam", "TagsList", "Seq"),
        Field.MICROSOFT: FieldName("http://ns.microsoft.com/photo/1.0/", "MicrosoftPhoto", "LastKeywordXMP", "Bag"),
    }
)
#: The separator of levels in each field; none in the flat one.
_SEPARATORS = {Field.HIERARCHICAL: "|", Field.TAGS: "/", Field.MICROSOFT: "/"}

#: Values by field, in their order.
Entries = Mapping[Field, tuple[str, ...]]
NO_ENTRIES: Entries = MappingProxyType({})


def levels_of(class_name: str) -> Levels:
    """Return the levels of a class: "genus/species" has two."""
    return tuple(level for part in class_name.split("/") if (level := clean(part)))


def entries_of(class_name: str) -> Entries:
    """Return the values for a class in each field.

    A level with the separator of a field ("a|b" for Lightroom) would be taken for two there and is left out of it; the
    flat field has it.
    """
    levels = levels_of(class_name)
    entries: dict[Field, tuple[str, ...]] = {Field.SUBJECT: tuple(dict.fromkeys(levels))}
    for field, separator in _SEPARATORS.items():
        fits = levels and not any(separator in level for level in levels)
        entries[field] = (separator.join(levels),) if fits else ()
    return entries


def all_levels(entries: Entries) -> Iterator[Levels]:
    """Yield the keywords that fields hold, the nested ones first; a flat one is a keyword of one level."""
    for field, separator in _SEPARATORS.items():
        for value in entries.get(field, ()):
            yield tuple(level for part in value.split(separator) if (level := clean(part)))
    yield from ((cleaned,) for value in entries.get(Field.SUBJECT, ()) if (cleaned := clean(value)))


def named_keywords(entries: Entries) -> tuple[str, ...]:
    """Return the keywords that fields hold as names: "genus/species", without the levels above it, which belong to it.

    Programs write the levels of a nested keyword as flat ones too.
    """
    found = list(dict.fromkeys(levels for levels in all_levels(entries) if levels))
    above = {levels[:end] for levels in found for end in range(1, len(levels))}
    above |= {(level,) for levels in found if len(levels) > 1 for level in levels}
    return tuple("/".join(levels) for levels in found if levels not in above)


def merged_entries(several: Iterable[Entries]) -> Entries:
    """Return the values of several files together, each once."""
    together: dict[Field, dict[str, None]] = {field: {} for field in Field}
    for entries in several:
        for field, values in entries.items():
            together[field].update(dict.fromkeys(values))
    return {field: tuple(values) for field, values in together.items()}


def clean(keyword: str) -> str:
    """Return a keyword without spaces around it, and without characters that XML cannot hold."""
    return _NOT_XML.sub("\ufffd", keyword).strip()
