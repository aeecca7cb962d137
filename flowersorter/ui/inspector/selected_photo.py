"""Shows the selected photo in the inspector, or how many are selected."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot

from flowersorter.ui.grid.photo_grid import PhotoGrid
from flowersorter.ui.grid.photo_state import PhotoFacts, PhotoState, state_of
from flowersorter.ui.inspector.inspector import Inspector
from flowersorter.ui.shared.session import Session


class SelectedPhoto(QObject):
    """Follows the selection of the grid. Lives in the GUI thread."""

    def __init__(self, session: Session, grid: PhotoGrid, inspector: Inspector, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._grid, self._inspector = session, grid, inspector
        self._waiting: PhotoFacts | None = None  # as shown, of a photo that is not read yet
        grid.selection_settled.connect(self.show)
        session.photos.dataChanged.connect(self._on_changed)

    @Slot()
    def show(self) -> None:
        """Show the photo, the front one of a stack, or the number of photos."""
        photos, selected = self._session.photos, self._grid.selected_rows().tolist()
        self._waiting = None
        if len(selected) != 1:
            self._inspector.show_nothing(len(self._grid.selected_places()), has_photos=len(photos.columns) > 0)
            return
        wanted = photos.wanted(selected[0])
        error = photos.columns.errors[int(photos.columns.locate([wanted.place_id])[0])]
        thumbnail = self._session.thumbnails.image(wanted) if error is None else None
        facts = photos.facts(selected[0])
        self._waiting = facts if state_of(facts) is PhotoState.WAITING else None
        self._inspector.show_place(wanted, thumbnail, error, facts)
        self._inspector.show_stack(photos.count_on(range(selected[0], selected[0] + 1)))

    @Slot()
    def _on_changed(self) -> None:
        """Update the display of an unread photo, once its data arrive."""
        if self._waiting is None:
            return
        selected = self._grid.selected_rows().tolist()
        if len(selected) == 1 and self._session.photos.facts(selected[0]) != self._waiting:
            self.show()
