"""The large view: follows the grid's current photo, keeps its neighbours decoded, compares two photos."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QObject, QPoint, QRect, QSize, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QStackedWidget, QWidget

from flowersorter.messages import worded
from flowersorter.ui.grid.photo_filter import PhotoFilter
from flowersorter.ui.grid.photo_grid import PhotoGrid
from flowersorter.ui.grid.photo_model import ClassLook, PhotoRole
from flowersorter.ui.large_view.caption import show_caption
from flowersorter.ui.large_view.zoom import STEP
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.workers.latest_only import LatestOnly
from flowersorter.workers.thumbnail_pool import Wanted
from flowersorter.workflows.engine import Engine

if TYPE_CHECKING:
    from flowersorter.ui.large_view.compare_controller import CompareController
    from flowersorter.ui.large_view.heat_map_controller import HeatMapController
    from flowersorter.ui.large_view.large_view import LargeView
    from flowersorter.ui.large_view.photo_feed import PhotoFeed
    from flowersorter.workers.thumbnail_pool import ThumbnailPool
    from flowersorter.workflows.predicting.photo_details import PhotoDetails

#: Rows that are decoded ahead, the least important first.
_AHEAD = (-1, 2, 1)


class LargeViewController(QObject):
    """Owns the page of the large photo; the grid keeps the selection, which is the photo that is shown.

    The page and its parts are imported and made when a photo is first shown large.

    Attributes:
        view: The page.
        screen: Decodes photos at screen size.
        first: Shows the photo.
        comparison: Shows the second photo.

    Args:
        session: The collection.
        front: For messages.
        grid: Its current photo is shown.
        pages: The grid's page is the first one; the large view becomes another one.
        watch: Lets a class be typed in a widget, given a function that returns the rectangle of its photo.
        parent: Owns it.

    Signals:
        class_chosen(class id): The person clicked the class of the photo that is shown.
    """

    class_chosen = Signal(int)

    view: LargeView
    screen: ThumbnailPool
    first: PhotoFeed
    comparison: CompareController
    _heat: HeatMapController

    def __init__(
        self,
        session: Session,
        front: MessageSink,
        grid: PhotoGrid,
        pages: QStackedWidget,
        watch: Callable[[QWidget, Callable[[], QRect]], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._front, self._grid, self._pages, self._watch = session, front, grid, pages, watch
        self._photos = session.photos
        self._details = LatestOnly(self)
        self._known: PhotoDetails | None = None
        self._classes: Mapping[int, ClassLook] = {}
        self._made, self._row = False, 0
        self._filter = PhotoFilter()
        self._details.loaded.connect(self._on_details)
        self._details.failed.connect(self._on_no_details)
        grid.selectionModel().selectionChanged.connect(self._on_selection)
        for changed in (self._photos.rowsRemoved, self._photos.rowsInserted, self._photos.modelReset):
            changed.connect(self._on_rows)
        self._photos.dataChanged.connect(self._on_data)
        self._photos.files_changed.connect(self._on_files)

    def _make(self) -> None:
        from flowersorter.ui.large_view.compare_controller import CompareController
        from flowersorter.ui.large_view.heat_map_controller import HeatMapController
        from flowersorter.ui.large_view.large_view import LargeView
        from flowersorter.ui.large_view.photo_feed import PhotoFeed, screen_pool

        view = self.view = LargeView(self._photos, self._pages)
        self._pages.addWidget(view)
        self.screen = screen_pool(self)
        self.first = PhotoFeed(view.canvas, self.screen, self)
        self.comparison = CompareController(self._session, view, self.screen, self)
        self._heat = HeatMapController(self._session, self._front, view.canvas, self)
        self._made = True
        self._watch(view, lambda: QRect(view.canvas.mapTo(view, QPoint()), view.canvas.size()))
        view.chips.show_classes(self._classes)
        view.closed.connect(self.close)
        view.moved.connect(self._on_moved)
        view.row_chosen.connect(self._go_to)
        view.class_chosen.connect(self.class_chosen)
        self.first.shown.connect(self._on_shown)
        self._grid.visible_changed.connect(view.strip.update)  # requests thumbnails again that the grid gave up

    # -- open and close

    @property
    def is_open(self) -> bool:
        """Whether the large view is shown in place of the grid."""
        return self._made and self._pages.currentWidget() is self.view

    @Slot()
    def toggle(self) -> None:
        """Show the current photo large, or the grid again."""
        if self.is_open:
            self.close()
        else:
            self.show()

    @Slot()
    def show(self) -> None:
        """Show the current photo large, or the first selected one; label keys then apply to it and its stack alone."""
        if self.is_open or not self._photos.rowCount():
            return
        if not self._made:
            self._make()
        selected, row = self._grid.selected_rows().tolist(), max(0, self._grid.currentIndex().row())
        if selected and row not in selected:
            row = selected[0]
        others = [self._photos.wanted(each).place_id for each in selected if each != row]
        self.comparison.selected = others[0] if len(others) == 1 else 0
        self._filter = self._photos.filter
        self.view.use_actions(self._grid.actions())
        self._pages.setCurrentWidget(self.view)
        self.view.setFocus()
        self._go_to(row)
        self._show_row(row)

    @Slot()
    def close(self) -> None:
        """Show the grid again, with the photo in view."""
        if self.is_open:
            self._leave()
            self._photos.let_all_join()

    def _leave(self) -> None:
        """Close, also during a change of the grid; stacks that grew meanwhile are updated with its next change."""
        self._pages.setCurrentIndex(0)
        self._photos.let_none_join(())
        self._uncheck()
        self._forget()
        current = self._grid.currentIndex()
        if current.isValid():
            self._grid.scrollTo(current)
        self._grid.setFocus()

    def shutdown(self) -> None:
        """Wait for the photos being decoded."""
        self._details.shutdown()
        if self._made:
            self.first.shutdown()
            self.comparison.feed.shutdown()
            self.screen.shutdown()

    def set_classes(self, classes: Mapping[int, ClassLook]) -> None:
        """Use these classes, and the keys that the grid's actions have for them."""
        self._classes = classes
        if self._made:
            self.view.chips.show_classes(classes)
        if self.is_open:
            self.view.use_actions(self._grid.actions())
            self._show_texts()

    def _forget(self) -> None:
        self._known = None
        self._details.forget()
        self._heat.hide()
        self.first.forget()
        self.comparison.hide()
        self.screen.retain(())

    def _uncheck(self) -> None:
        for name in ("compare", "heat_map"):
            if (action := self._action(name)) is not None:
                action.setChecked(False)

    def _action(self, name: str) -> QAction | None:
        return next((each for each in self._grid.actions() if each.objectName() == name), None)

    # -- compare, heat map, zoom

    @property
    def handlers(self) -> dict[str, Callable[..., object]]:
        """The handlers of its actions, by the action's name."""
        return {
            "large_view": self.toggle,
            "compare": self.compare,
            "heat_map": self.show_heat_map,
            "zoom_in": self.zoom_in,
            "zoom_out": self.zoom_out,
        }

    @Slot(bool)
    def compare(self, wanted: bool) -> None:
        """Show two photos side by side, or one again."""
        if wanted:
            self.show()
        if not self.is_open:
            self._uncheck()  # there is no photo
        elif wanted:
            self._show_second()
        else:
            self.comparison.hide()

    @Slot(bool)
    def show_heat_map(self, wanted: bool) -> None:
        """Show where the network saw the suggested class, or the photo alone."""
        if wanted:
            self.show()
        if not self.is_open:
            self._uncheck()
        elif wanted:
            self._show_heat()
        else:
            self._heat.hide()

    @Slot()
    def zoom_in(self) -> None:
        """Magnify the photo, or the photos of the grid."""
        if self.is_open:
            self.view.canvas.magnify(STEP)
        else:
            self._grid.zoom_in()

    @Slot()
    def zoom_out(self) -> None:
        """Reduce the photo, or the photos of the grid."""
        if self.is_open:
            self.view.canvas.magnify(1 / STEP)
        else:
            self._grid.zoom_out()

    # -- the current photo

    @Slot(int)
    def _on_moved(self, rows: int) -> None:
        self._go_to(self._row + rows)

    @Slot(int)
    def _go_to(self, row: int) -> None:
        """Select a photo in the grid; the view follows."""
        if 0 <= row < self._photos.rowCount():
            self._grid.select_row(row)

    @Slot()
    def _on_selection(self) -> None:
        """Follow the grid; close when several photos are selected, as label keys would apply to all of them."""
        if not self.is_open:
            return
        rows = self._grid.selected_rows()
        if len(rows) > 1:
            self._leave()
        elif len(rows):
            self._show_row(int(rows[0]))

    @Slot()
    def _on_rows(self) -> None:
        """Stay at the photo, go on to the one that took its place, or close when other photos are shown."""
        if not self.is_open:
            return
        if not self._photos.rowCount() or self._photos.filter != self._filter:
            self._leave()
            return
        if not self._grid.selectionModel().hasSelection():
            current = self._grid.currentIndex()
            self._go_to(current.row() if current.isValid() else min(self._row, self._photos.rowCount() - 1))
        self._on_selection()

    @Slot(QModelIndex, QModelIndex, list)
    def _on_data(self, first: QModelIndex, last: QModelIndex, roles: Sequence[int]) -> None:
        if not self.is_open:
            return
        self.view.strip.update()
        if not first.row() <= self._row <= last.row():
            return
        if list(roles) != [PhotoRole.THUMBNAIL]:
            self._show_texts()
            self._load_details()
        elif (thumbnail := self._photos.index(self._row).data(PhotoRole.THUMBNAIL)) is not None:
            self.first.show_meanwhile(thumbnail)

    @Slot(object)
    def _on_files(self, place_ids: Sequence[int]) -> None:
        if self._made:
            self.screen.forget(place_ids)
        if not self.is_open:
            return
        if self.first.wanted is not None and self.first.wanted.place_id in place_ids:
            self._show_photo()
        if self.comparison.is_on:
            self._show_second()

    # -- display

    def _show_row(self, row: int) -> None:
        wanted = self._photos.wanted(row)
        another = self.first.wanted is None or self.first.wanted.place_id != wanted.place_id
        self._row = row
        self._photos.let_none_join(self._photos.all_places_at(range(row, row + 1)).tolist())
        if another:
            self._known = None
            self._heat.hide()
            self._show_photo()
        self._show_texts()
        if another:
            self._load_details()
            if self.comparison.is_on:
                self._show_second()

    def _show_photo(self) -> None:
        index, wanted = self._photos.index(self._row), self._photos.wanted(self._row)
        self.screen.retain([wanted.place_id])
        error = index.data(PhotoRole.ERROR)
        if error is not None:
            self.first.show_problem(wanted, error)
        else:
            self.first.show(wanted, index.data(PhotoRole.THUMBNAIL))

    def _load_details(self) -> None:
        place_id = self._photos.wanted(self._row).place_id
        self._details.request(place_id, partial(_details, self._session.engine, place_id))

    @Slot(object, object)
    def _on_details(self, place_id: int, known: PhotoDetails) -> None:
        wanted = self.first.wanted
        if not self.is_open or wanted is None or wanted.place_id != place_id:
            return
        before, self._known = self._known, known
        if known.photo is not None:
            self.view.canvas.set_size(QSize(known.photo.width_px, known.photo.height_px))
        self._show_texts()
        if before is None and self.comparison.is_on:
            self._show_second()
        heat, is_new = self._action("heat_map"), before is None or before.top[:1] != known.top[:1]
        if is_new and heat is not None and heat.isChecked():
            self._show_heat()

    @Slot(object, object)
    def _on_no_details(self, _place_id: int, error: Exception) -> None:
        self._front.bar.say(self.tr("The suggestions for this photo could not be read: {0}").format(worded(str(error))))

    @Slot(object)
    def _on_shown(self, wanted: Wanted) -> None:
        """Decode the neighbours, now that the photo itself is shown."""
        rows = [self._row + step for step in _AHEAD if 0 <= self._row + step < self._photos.rowCount()]
        if not self.is_open or wanted != self.first.wanted:
            return
        for row in rows:
            if self._photos.index(row).data(PhotoRole.ERROR) is None:
                self.screen.image(self._photos.wanted(row))

    def _show_texts(self) -> None:
        if self._photos.index(self._row).isValid():
            show_caption(self.view, self._photos, self._row, self._known, self._name_of)

    def _name_of(self, class_id: int) -> str:
        look = self._classes.get(class_id)
        return look.name if look is not None else ""

    def _show_second(self) -> None:
        self.comparison.show(self._row, self._known, self._classes)

    def _show_heat(self) -> None:
        wanted, known = self._photos.wanted(self._row), self._known
        if known is not None:  # else it is shown when the details are loaded
            class_id = known.top[0][0] if known.top else 0
            self._heat.show(wanted, class_id, self._name_of(class_id))


def _details(engine: Engine, place_id: int) -> PhotoDetails:
    """Load the details of a place; the import happens in the loading thread."""
    from flowersorter.workflows.predicting.photo_details import details

    return details(engine, place_id)
