"""The grid filter: a class, a pseudo-class or given photos, narrowed down; and the notice if there are none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot

from flowersorter.ui.classes.class_list import ClassList
from flowersorter.ui.filter.date_choices import months_of
from flowersorter.ui.filter.filter_words import folder_choices, part_words, where_and_when, why_empty
from flowersorter.ui.filter.text_search import TextSearch
from flowersorter.ui.grid.grid_header import GridHeader
from flowersorter.ui.grid.photo_columns import PseudoClass
from flowersorter.ui.grid.photo_filter import Order, Part, PhotoFilter
from flowersorter.ui.grid.photo_grid import PhotoGrid
from flowersorter.ui.grid.photo_model import PhotoModel
from flowersorter.ui.grid.sections import Grouping

if TYPE_CHECKING:
    from flowersorter.ui.filter.filter_panel import FilterPanel


class FilterController(QObject):
    """Keeps filter, title and the mark in the class list in step.

    Signals:
        order_chosen(Order): The person chose this order.
        said(str): A message for the status bar.
        selection_wanted(str): A message that asks to select photos first.
        filters_shown(PhotoFilter): The parts of the filter that may hide photos have changed.
    """

    order_chosen = Signal(object)
    said = Signal(str)
    selection_wanted = Signal(str)
    filters_shown = Signal(object)

    def __init__(
        self, photos: PhotoModel, grid: PhotoGrid, header: GridHeader, classes: ClassList, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._photos, self._grid, self._header, self._list = photos, grid, header, classes
        self._names: Mapping[int, str] = {}
        self._scanning = self._scanned = False
        header.grouping_chosen.connect(self.group_by)
        header.order_chosen.connect(self.order_by)
        header.back_requested.connect(self.show_all)
        header.text_searched.connect(self.search)
        header.filters_requested.connect(self.show_panel)
        header.clear_requested.connect(self.clear)
        grid.clear_button.clicked.connect(self.clear)
        header.search.finished.connect(grid.setFocus)

    @property
    def handlers(self) -> dict[str, Callable[..., object]]:
        """The handlers of its actions, by the action's name."""
        return {
            "show_all": self.show_all,
            "show_unsure": self.show_unsure,
            "show_unknown": self.show_unknown,
            "show_unreadable": self.show_unreadable,
            "hide_confirmed": self.hide_confirmed,
            "filter": self.show_panel,
            "clear_filters": self.clear,
            "order_helpful": lambda: self.order_by(Order.MOST_HELPFUL),
            "order_doubt": lambda: self.order_by(Order.LEAST_SURE),
            "order_alike": lambda: self.order_by(Order.LIKENESS),
            "order_date": lambda: self.order_by(Order.DATE),
            "order_name": lambda: self.order_by(Order.NAME),
        }

    @cached_property
    def panel(self) -> FilterPanel:
        """The panel of the filters, created on first use."""
        from flowersorter.ui.filter.filter_panel import FilterPanel

        panel = FilterPanel(self._header)
        panel.narrowed.connect(self.narrow)
        panel.clear_requested.connect(self.clear)
        return panel

    @property
    def class_shown(self) -> int:
        """The class that is shown, 0 where it is something else."""
        shown = self._photos.filter
        return shown.class_key if shown.places is None and shown.class_key > 0 else 0

    def set_names(self, names: Mapping[int, str]) -> None:
        """Use these class names; stop showing a class that is gone."""
        self._names, shown = names, self._photos.filter
        if shown.search.words:  # the names or the classes changed
            self._photos.set_filter(replace(shown, search=TextSearch.of(shown.search.text, names)))
            self.show_title()
        if self.class_shown and self.class_shown not in names:
            self.show_all()

    @Slot(int)
    def show(self, key: int) -> None:
        """Show a class or a pseudo-class."""
        wanted = replace(self._photos.filter, class_key=key, places=None, title="", ranking=())
        self._photos.set_filter(wanted)
        self._show_arrangement()
        self._list.set_current(key)
        self._grid.scrollToTop()
        self.show_title()

    @Slot(object, str)
    def show_places(self, place_ids: Iterable[int], title: str) -> None:
        """Show exactly these photos."""
        self._show_places(PhotoFilter(places=frozenset(place_ids), title=title))

    @Slot(object, str)
    def show_ranked(self, place_ids: Sequence[int], title: str) -> None:
        """Show exactly these photos in this order, which is that of their likeness."""
        self._show_places(PhotoFilter(places=frozenset(place_ids), title=title, ranking=tuple(place_ids)))

    def _show_places(self, wanted: PhotoFilter) -> None:
        before = self._photos.filter
        self._photos.set_filter(replace(wanted, order=before.order, grouping=before.grouping))
        self._show_filters()
        self._show_arrangement()
        self._list.set_current(None)
        self._grid.scrollToTop()
        self.show_title()
        elsewhere = len(self._photos.filter.places or ()) - self._photos.photo_count
        if elsewhere > 0:
            self.said.emit(self.tr("In other folders: {0}.").format(elsewhere))

    def show_changes(self, before: Mapping[int, str], title: str) -> None:
        """Show the photos of these places in this order, each with its previous suggestion in words."""
        self._show_places(PhotoFilter(places=frozenset(before), title=title, ranking=tuple(before), before=before))

    def show_briefly(self, place_ids: Sequence[int], title: str) -> PhotoFilter:
        """Show exactly these photos in this order; return the present filter for `go_back`."""
        before = self._photos.filter
        wanted = PhotoFilter(places=frozenset(place_ids), title=title, ranking=tuple(place_ids))
        self.go_back(replace(wanted, unchecked=before.unchecked, order=before.order, grouping=before.grouping))
        self._grid.scrollToTop()
        return before

    def go_back(self, shown: PhotoFilter) -> None:
        """Restore the filter that was in effect before `show_briefly`."""
        self._photos.set_filter(shown)
        self._show_filters()
        self._show_arrangement()
        self._list.set_current(None if shown.places is not None else shown.class_key)
        self.show_title()

    @Slot()
    def show_all(self) -> None:
        """Show the whole folder."""
        self.show(int(PseudoClass.ALL))

    @Slot()
    def show_unsure(self) -> None:
        """Show the photos whose suggestion is not sure."""
        self.show(int(PseudoClass.UNSURE))

    @Slot()
    def show_unknown(self) -> None:
        """Show the photos that match none of the classes."""
        self.show(int(PseudoClass.UNKNOWN))

    @Slot()
    def show_unreadable(self) -> None:
        """Show the unreadable photos."""
        self.show(int(PseudoClass.UNREADABLE))

    @Slot(str)
    def search(self, text: str) -> None:
        """Show only photos with these words in their name, class, folder or date."""
        self.narrow({"search": TextSearch.of(text, self._names)})

    @Slot(object)
    def narrow(self, fields: Mapping[str, Any]) -> None:
        """Change these fields of the `PhotoFilter`."""
        wanted = replace(self._photos.filter, **fields)
        if wanted != self._photos.filter:
            self._photos.set_filter(wanted)
            self._show_filters()
            self._grid.scrollToTop()
        self.show_title()

    @Slot()
    def clear(self) -> None:
        """Clear the parts of the filter that hide photos, but keep the class."""
        self._photos.set_filter(self._photos.filter.without(*Part))
        self._show_filters()
        self.show_title()
        if not self._panel_is_open:
            self._grid.setFocus()

    def begin(self) -> None:
        """Show all photos of a newly opened folder; confirmed ones stay hidden if they were."""
        everything = self._photos.filter.without(Part.TEXT, Part.VERDICT, Part.DATES, Part.FOLDER)
        by_likeness = everything.order is Order.LIKENESS  # to a photo of another folder
        order = Order.NAME if by_likeness else everything.order
        self._photos.set_filter(replace(everything, only_checked=False, order=order))
        self._show_filters()

    @Slot()
    def show_panel(self) -> None:
        """Let the person choose filters."""
        columns = self._photos.columns
        self.panel.offer(months_of(columns.taken_at), folder_choices(columns.photos_by_folder()))
        self.panel.show_filter(self._photos.filter)
        self.panel.open_below(self._header.filters)

    @Slot()
    def _show_filters(self) -> None:
        """Update every display of the active filters."""
        shown = self._photos.filter
        parts = [part for part in shown.parts if part is not Part.TEXT]
        self._header.show_filters([part_words(shown, part) for part in parts])
        self._header.show_search(shown.search.text)
        self._header.unchecked.defaultAction().setChecked(shown.unchecked)
        if self._panel_is_open:
            self.panel.show_filter(shown)
        self.filters_shown.emit(shown)

    @property
    def _panel_is_open(self) -> bool:
        return "panel" in self.__dict__ and self.panel.isVisible()

    @Slot()
    def show_everything(self) -> None:
        """Show the whole folder, without any filter."""
        self._photos.set_filter(self._photos.filter.without(*Part))
        self._show_filters()
        self.show_all()

    def arrange(self, order: Order, grouping: Grouping) -> None:
        """Order the photos, and divide them into sections."""
        self.order_by(order)
        self.group_by(grouping)

    @Slot(object)
    def order_by(self, order: Order) -> None:
        """Order the photos."""
        if order is Order.LIKENESS and not self._grid.selected_places():
            self.selection_wanted.emit(self.tr("Select a photo first: the photos most like it come first then."))
        else:
            self._photos.set_filter(replace(self._photos.filter, order=order, ranking=()))
            self.order_chosen.emit(order)
        self._show_arrangement()

    @Slot(object)
    def group_by(self, grouping: Grouping) -> None:
        """Divide the photos into sections."""
        self._photos.set_filter(replace(self._photos.filter, grouping=grouping, ranking=()))
        self._show_arrangement()

    def _show_arrangement(self) -> None:
        shown = self._photos.filter
        self._header.show_order(None if shown.ranking else shown.order)
        self._header.show_grouping(shown.divided_by)

    @Slot(bool)
    def hide_confirmed(self, hide: bool) -> None:
        """Hide or show confirmed photos."""
        self.narrow({"unchecked": hide, "only_checked": self._photos.filter.only_checked and not hide})

    def show_scan(self, *, running: bool, complete: bool) -> None:
        """Show the title, and whether an empty grid may still fill.

        Args:
            running: Whether the folder is being scanned.
            complete: Whether a scan of it came to its end.
        """
        self._scanning, self._scanned = running, complete
        self.show_title()

    def show_title(self) -> None:
        """Show the grid's title above it, and a notice in an empty grid."""
        shown = self._photos.filter
        titles = {
            int(PseudoClass.ALL): self.tr("All photos"),
            int(PseudoClass.UNSURE): self.tr("Not sure"),
            int(PseudoClass.UNKNOWN): self.tr("Unknown"),
            int(PseudoClass.NOT_MINE): self.tr("Not mine"),
            int(PseudoClass.UNREADABLE): self.tr("Unreadable"),
        }
        title = shown.title or titles.get(shown.class_key) or self._names.get(shown.class_key, "")
        if shown.places is None and shown.class_key == PseudoClass.ALL:
            title = where_and_when(shown) or title  # these are not all photos
        back = shown.places is not None or shown.class_key != PseudoClass.ALL
        self._header.show_title(title, self._photos.photo_count, can_go_back=back)
        notice = "" if self._photos.rowCount() else self._notice(shown)
        self._grid.set_notice(notice, can_clear=bool(notice and self._hidden_by_filter(shown)))

    def _notice(self, shown: PhotoFilter) -> str:
        if not len(self._photos.columns):
            return self._notice_without_photos()
        if hidden := self._hidden_by_filter(shown):
            return hidden
        if shown.places is not None:
            return self.tr("These photos are not in the open folder.")
        if self._scanning:
            return self.tr("No photos here so far: the folder is still being read.")
        notices = {
            int(PseudoClass.UNSURE): self.tr("No uncertain photos."),
            int(PseudoClass.UNKNOWN): self.tr("No unknown photos."),
            int(PseudoClass.NOT_MINE): self.tr("You called no photo here not mine."),
            int(PseudoClass.UNREADABLE): self.tr("No unreadable files."),
        }
        return notices.get(shown.class_key, self.tr("No photos here yet. Drag some onto this class."))

    def _hidden_by_filter(self, shown: PhotoFilter) -> str:
        """The sentence that says which filter hides the photos; "" where none does."""
        return why_empty(shown, self._photos.columns) if shown.parts else ""

    def _notice_without_photos(self) -> str:
        if self._scanning:
            return self.tr("Looking for photos…")
        if not self._scanned:
            return self.tr("The search for photos was stopped.")
        return self.tr("There are no photos in this folder.")
