"""Words remarks about the name of a new class: its folder, and a word with a meaning of its own in the program."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

from flowersorter.domain.verdict import Verdict
from flowersorter.library.tables.class_names import class_key
from flowersorter.messages import Text, plural, text
from flowersorter.sorting.safe_names import folder_name, same_name_key

_SHOWN = 5


def class_name_remark(name: str, others: Iterable[str] = ()) -> Text | None:
    """Return a sentence about a class name that can be used but may surprise, or None.

    Args:
        name: Of the new class.
        others: Names of the other classes.
    """
    key = _folder_key(name)
    return _remark(name, next((other for other in others if other != name and _folder_key(other) == key), None))


def class_name_remarks(new: Sequence[str], others: Sequence[str]) -> list[Text]:
    """Return the sentences about several new classes: the first few, then how many more there are.

    Args:
        new: Names of the new classes.
        others: Names of the existing classes.
    """
    by_folder: dict[str, str] = {}  # a data set may have thousands of classes
    for name in others:
        by_folder.setdefault(_folder_key(name), name)
    remarks = []
    for name in new:
        alike = by_folder.setdefault(_folder_key(name), name)
        if remark := _remark(name, None if alike == name else alike):
            remarks.append(remark)
    more = len(remarks) - _SHOWN
    if more <= 0:
        return remarks
    rest = plural(
        "A sort puts {number} more class into a folder of another name.",
        "A sort puts {number} more classes into folders of other names.",
        more,
    )
    return [*remarks[:_SHOWN], rest]


def _folder_key(name: str) -> str:
    return same_name_key(folder_name(name))


def _remark(name: str, alike: str | None) -> Text | None:
    """The sentence about a class, and another one with the same folder."""
    if class_key(name) == Verdict.UNKNOWN.word:
        return text("“{name}” is also the word for photos of none of your classes; another name is clearer.", name=name)
    if alike is not None:
        return text(
            "The folders of the classes “{name}” and “{alike}” would have the same name, so one of them gets a number.",
            name=name,
            alike=alike,
        )
    folder = folder_name(name)
    if folder == unicodedata.normalize("NFC", name):
        return None
    return text("A sort puts the class “{name}” into the folder “{folder}”.", name=name, folder=folder)
