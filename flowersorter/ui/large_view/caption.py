"""Words the caption of the large photo: name, number, date and suggestion, also for a screen reader."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QLocale

from flowersorter.messages import worded
from flowersorter.ui.grid.photo_model import PhotoModel, PhotoRole
from flowersorter.ui.grid.photo_state import facts_of_row, shares, title, verdict_sentence
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.dates import iso_in_words
from flowersorter.ui.shared.widgets import count_photos

if TYPE_CHECKING:
    from flowersorter.ui.large_view.large_view import LargeView
    from flowersorter.workflows.predicting.photo_details import PhotoDetails


def show_caption(
    view: LargeView, photos: PhotoModel, row: int, known: PhotoDetails | None, name_of: Callable[[int], str]
) -> None:
    """Show the texts of a photo in the large view.

    Args:
        view: Shows them.
        photos: The photos of the grid.
        row: The photo, in the order shown.
        known: Its details; None while they are loaded.
        name_of: The name of a class id, "" for none.
    """
    index, columns = photos.index(row), photos.columns
    at = int(columns.locate([photos.wanted(row).place_id])[0])
    facts = facts_of_row(columns, at, name_of)
    photo = known.photo if known is not None else None
    begin, sentence = shares(facts) or title(facts), verdict_sentence(facts)
    remark = worded(photo.remark or "") if photo is not None else ""
    stack = _of_stack(photos.count_on(range(row, row + 1)))
    text = " · ".join(filter(None, ("" if sentence.startswith(begin) else begin, sentence, remark, stack)))
    name, number = str(index.data()), photos.position(row)
    taken = iso_in_words(photo.taken_at, QLocale.FormatType.ShortFormat) if photo and photo.taken_at else ""
    view.header.show_photo(name, number, taken)
    state = index.data(PhotoRole.STATE)
    view.header.show_suggestion(text, lambda: theme.state_style(state).icon)
    spoken = ", ".join((name, text, number))
    view.canvas.setAccessibleName(spoken)
    view.setAccessibleName(_tr("Large view: {0}").format(spoken))  # it has the focus
    view.canvas_name.set_text(" · ".join(filter(None, (name, photos.describe(row)))))
    view.chips.show_label(int(columns.label_ids[at]))
    view.strip.show_row(row)


def _of_stack(count: int) -> str:
    """Say that a key changes the whole stack of the photo; "" without a stack."""
    text = _tr("{0} that look alike are selected. Each action reaches all of them.")
    return text.format(count_photos(count)) if count > 1 else ""


def _tr(text: str) -> str:
    return QCoreApplication.translate("Caption", text)
