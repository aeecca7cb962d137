"""Chooses and shows a second photo beside the large one, with the same zoom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from flowersorter.ui.grid.photo_model import ClassLook
from flowersorter.ui.grid.photo_state import facts_of_row, in_short
from flowersorter.ui.large_view.large_view import LargeView
from flowersorter.ui.large_view.photo_feed import PhotoFeed
from flowersorter.ui.large_view.second_photo import second_photo
from flowersorter.ui.shared.session import Session
from flowersorter.workers.thumbnail_pool import ThumbnailPool

if TYPE_CHECKING:
    from flowersorter.workflows.predicting.photo_details import PhotoDetails


class CompareController(QObject):
    """Shows another photo to compare with. Lives in the GUI thread.

    Attributes:
        selected: Place that the person selected beside the first photo, 0 for none.
        feed: Shows the second photo.
    """

    def __init__(self, session: Session, view: LargeView, screen: ThumbnailPool, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._view = session, view
        self.selected = 0
        self.feed = PhotoFeed(view.second, screen, self)

    @property
    def is_on(self) -> bool:
        """Whether two photos are shown."""
        return self._view.shows_second

    def hide(self) -> None:
        """Show the first photo alone."""
        self._view.show_second(False)
        self.feed.forget()

    def show(self, row: int, known: PhotoDetails | None, classes: Mapping[int, ClassLook]) -> None:
        """Show the second photo.

        Args:
            row: The first photo, in the order shown.
            known: Its details; None while they are loaded.
            classes: Names by class id.
        """
        view, photos = self._view, self._session.photos
        view.show_second(True)
        found = second_photo(photos, row, self.selected, known)
        if found is None:
            if known is not None:  # else the second photo stays until the next one is loaded
                self.feed.forget()
                view.second_name.set_text("")
            return
        wanted, class_id = found
        rows = photos.columns.locate([wanted.place_id]).tolist()
        error = photos.columns.errors[rows[0]] if rows else None
        if error is not None:
            self.feed.show_problem(wanted, error)
        else:
            self.feed.show(wanted, self._session.thumbnails.image(wanted) if rows else None)
        names = {each: look.name for each, look in classes.items()}
        said = names.get(class_id, "")
        if rows:
            said = in_short(facts_of_row(photos.columns, rows[0], lambda each: names.get(each, "")))
        text = " · ".join(filter(None, (wanted.path.name, said)))
        view.second_name.set_text(text)
        view.second.setAccessibleName(self.tr("Compared with {0}").format(text))
        view.second.set_zoom(view.canvas.zoom)
