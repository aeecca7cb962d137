"""The rows of the sidebar: the steps to do, the classes, and the pseudo-classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import QCoreApplication

from flowersorter.domain.photo_class import NEEDED_LABELS, PhotoClass
from flowersorter.ui.classes.sidebar_model import SidebarRow
from flowersorter.ui.grid.photo_columns import PseudoClass
from flowersorter.ui.shared.widgets import count_photos

#: Keys of rows that are neither a class nor a `PseudoClass`.
NEW_CLASS, TO_NAME, TO_CHECK = -100, -101, -102
DIGIT_KEYS = 9


@dataclass(frozen=True, slots=True)
class ClassCounts:
    """How many photos and labels there are, by class id.

    Attributes:
        photos: Photos of the open folder, also by `PseudoClass`.
        confirmed: Those of them that have a label.
        labels: Labels in the whole collection.
    """

    photos: Mapping[int, int] = field(default_factory=dict)
    confirmed: Mapping[int, int] = field(default_factory=dict)
    labels: Mapping[int, int] = field(default_factory=dict)


def class_rows(classes: Sequence[PhotoClass], shown: Sequence[PhotoClass], counts: ClassCounts) -> list[SidebarRow]:
    """Make a row for each class that is shown, and one that creates a class.

    Args:
        classes: All, in their order, which gives them their number keys.
        shown: Some of these.
        counts: Of photos and labels.
    """
    digits = {each.id: str(number) for number, each in enumerate(classes[:DIGIT_KEYS], 1)}
    colours = Counter(each.colour for each in classes)
    rows = [
        SidebarRow(
            key=each.id,
            text=each.name,
            count=counts.photos.get(each.id, 0),
            confirmed=counts.confirmed.get(each.id, 0),
            progress=counts.labels.get(each.id, 0) / NEEDED_LABELS,
            colour=each.colour,
            initials=initials(each.name) if colours[each.colour] > 1 else "",
            digit=digits.get(each.id, ""),
            droppable=True,
            movable=True,
            hint=_class_hint(each, counts),
        )
        for each in shown
    ]
    hint = _tr("Click to create a class, or drop photos here")
    new = SidebarRow(NEW_CLASS, _tr("New class…"), icon="add", droppable=True, is_command=True, hint=hint)
    return [*rows, new]


def to_do_rows(name: int | None, check: int | None, unreadable: int) -> list[SidebarRow]:
    """The steps that are left; a step without a count is not shown.

    Args:
        name: Number of photos in groups to name.
        check: Number of photos whose suggestion is to be checked.
        unreadable: Number of files that cannot be read.
    """
    rows = []
    if name is not None:
        hint = _tr("Photos that look alike and have no class yet, in groups")
        rows.append(SidebarRow(TO_NAME, _tr("Name"), name, icon="groups", hint=hint))
    if check is not None:
        hint = _tr("Photos whose suggestion may be wrong")
        rows.append(SidebarRow(TO_CHECK, _tr("Check"), check, icon="check-labels", hint=hint))
    return [*rows, unreadable_row(unreadable)] if rows and unreadable else rows


def not_mine_row(count: int) -> SidebarRow:
    """The row of photos that show none of the classes; it takes photos that are dropped on it."""
    hint = _tr("Drop photos here that show none of your classes. They are not sorted")
    return SidebarRow(int(PseudoClass.NOT_MINE), _tr("Not mine"), count, icon="verdict-none", droppable=True, hint=hint)


def unreadable_row(count: int) -> SidebarRow:
    """The row of files that cannot be read."""
    hint = _tr("Files that can't be read")
    return SidebarRow(int(PseudoClass.UNREADABLE), _tr("Unreadable"), count, icon="unreadable", hint=hint)


def photo_rows(counts: Mapping[int, int], *, unreadable: bool) -> list[SidebarRow]:
    """The rows of the whole folder and of the photos without a class; unreadable files unless shown elsewhere."""
    rows = [
        (PseudoClass.ALL, _tr("All photos"), "all-photos", _tr("Every photo in the folder")),
        (PseudoClass.UNSURE, _tr("Not sure"), "verdict-unsure", _tr("FlowerSorter can't decide about these")),
        (PseudoClass.UNKNOWN, _tr("Unknown"), "verdict-new", _tr("Doesn't look like any of your classes")),
    ]
    made = [SidebarRow(int(key), text, counts.get(int(key), 0), icon=icon, hint=hint) for key, text, icon, hint in rows]
    return [*made, unreadable_row(counts.get(int(PseudoClass.UNREADABLE), 0))] if unreadable else made


def initials(name: str) -> str:
    """Two letters for a swatch: of the first two words, or the beginning of the only one."""
    words = [word for word in name.split() if word[0].isalnum()]
    return (words[0][0] + words[1][0] if len(words) > 1 else name.strip()[:2]).upper()


def _class_hint(one: PhotoClass, counts: ClassCounts) -> str:
    """Name and counts in words: the row may be too narrow for them."""
    photos, labels = counts.photos.get(one.id, 0), counts.labels.get(one.id, 0)
    here = _tr("{0}, {1} of them confirmed").format(count_photos(photos), counts.confirmed.get(one.id, 0))
    known = _tr("{0} confirmed in all: enough to start with").format(labels)
    if labels < NEEDED_LABELS:
        known = _tr("{0} confirmed in all. Needs about {1}").format(labels, NEEDED_LABELS)
    return "\n".join((one.name, here, known))


def _tr(text: str) -> str:
    return QCoreApplication.translate("ClassRows", text)
