"""A sort plan as a tree: the photos of each folder, and the photos left, with the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, partial
from pathlib import Path

from PySide6.QtCore import QLocale, Qt, Signal, Slot
from PySide6.QtGui import QFont, QKeyEvent, QPalette
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from flowersorter.sorting.plan import Action, PlannedFile, Skipped, SortPlan
from flowersorter.sorting.runs.packed import Mapped
from flowersorter.ui.filing.preview.not_sorted import left_by_reason, reason_and_detail
from flowersorter.ui.filing.preview.plan_pictures import PICTURES_ROLE, Picture, PlanPictures, spread
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.widgets import describe

#: A longer list is of no use; the rest is counted in one line.
LONGEST_LIST = 500
_PATHS_ROLE = Qt.ItemDataRole.UserRole
_SHOW_INDICATOR = QTreeWidgetItem.ChildIndicatorPolicy.ShowIndicator


class PlanTree(QTreeWidget):
    """Shows a plan; photos are listed only when their line is opened.

    Signals:
        photos_requested(list of Path, title): Show these photos of the folder that is sorted.
    """

    photos_requested = Signal(object, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sort_plan")
        self._rest: QTreeWidgetItem | None = None  # the line over the photos that are not sorted
        describe(
            self,
            self.tr("Preview of the sort"),
            self.tr("Open a line (→) to list its photos. Double-click (Enter) to see them"),
        )
        self.setHeaderLabels([self.tr("Folder"), self.tr("Photos"), self.tr("Examples")])
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setUniformRowHeights(True)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)
        header.moveSection(2, 1)
        self.setColumnHidden(2, True)
        self.headerItem().setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setExpandsOnDoubleClick(False)
        self.itemExpanded.connect(self._list_photos)
        self.itemActivated.connect(self._request_photos)

    def set_pictures(self, picture: Picture) -> None:
        """Show some photos of each class folder.

        Args:
            picture: Gives their thumbnails; call `repaint_pictures` when others have arrived.
        """
        self.setItemDelegateForColumn(2, PlanPictures(picture, self))
        self.setColumnHidden(2, False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter shows the photos of a line, and never presses the default button of the dialog as well."""
        super().keyPressEvent(event)
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            event.accept()

    @property
    def height_of_all_lines(self) -> int:
        """Height in pixels at which no line is scrolled out of view."""
        lines, item = 0, self.topLevelItem(0)
        while item is not None:
            lines, item = lines + 1, self.itemBelow(item)
        line_px = self.sizeHintForRow(0) if lines else 0
        return self.header().sizeHint().height() + lines * line_px + 2 * self.frameWidth()

    @Slot()
    def repaint_pictures(self) -> None:
        """Show thumbnails that arrived."""
        self.viewport().update()

    def show_plan(self, plan: SortPlan, left: Mapping[str, Sequence[Skipped]] | None = None) -> None:
        """Show another plan.

        Args:
            plan: The plan.
            left: Its photos that are not sorted, by reason, where they are known already.
        """
        self.clear()
        self._rest = None
        for folder, photos in sorted(plan.folders.items(), key=lambda each: str(each[0]).casefold()):
            line = self._line(self, folder.as_posix(), Mapped(_filed, photos.files))
            line.setIcon(0, theme.icon("open-folder"))
            line.setData(2, PICTURES_ROLE, cache(partial(_pictures, photos.files)))
            if folder.parts[0] != photos.class_name:
                tip = self.tr("Class “{0}”, with a folder name the disk accepts").format(photos.class_name)
                line.setToolTip(0, tip)
        self._stays(self.tr("Already there"), plan.staying_as(Action.ALREADY_THERE))
        self._stays(self.tr("Duplicates (copied once)"), plan.staying_as(Action.DUPLICATE))
        self._skipped(left_by_reason(plan) if left is None else left)

    def _stays(self, title: str, files: Sequence[PlannedFile]) -> None:
        if files:
            self._line(self, title, Mapped(_kept, files), icon="reviewed")

    def _skipped(self, left: Mapping[str, Sequence[Skipped]]) -> None:
        if not left:
            return
        count = sum(map(len, left.values()))
        whole = self._line(self, self.tr("Not sorted"), (), icon="cancel", count=count)
        whole.setExpanded(True)
        self._rest = whole
        for reason, photos in left.items():
            self._line(whole, reason[:1].upper() + reason[1:], Mapped(_left, photos))

    def _line(
        self,
        under: QTreeWidget | QTreeWidgetItem,
        title: str,
        photos: Sequence[_Named],
        *,
        icon: str = "",
        count: int | None = None,
    ) -> QTreeWidgetItem:
        count = len(photos) if count is None else count
        line = QTreeWidgetItem(under, [title, QLocale().toString(count)])
        line.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if icon:
            line.setIcon(0, theme.icon(icon))
        else:
            line.setToolTip(0, title)
        if photos:
            line.setData(0, _PATHS_ROLE, photos)
            line.setChildIndicatorPolicy(_SHOW_INDICATOR)
        return line

    @Slot(QTreeWidgetItem)
    def _list_photos(self, line: QTreeWidgetItem) -> None:
        photos: Sequence[_Named] | None = line.data(0, _PATHS_ROLE)
        if not photos or line.childCount() or line.childIndicatorPolicy() != _SHOW_INDICATOR:
            return  # a photo has nothing below it; "*" opens it too
        line.addChildren([self._photo(photo) for photo in photos[:LONGEST_LIST]])
        more = len(photos) - LONGEST_LIST
        if more > 0:
            rest = QTreeWidgetItem([self.tr("… and {0} more").format(QLocale().toString(more)), ""])
            font = QFont(self.font())
            font.setItalic(True)
            rest.setFont(0, font)
            line.addChild(rest)

    @Slot()
    def request_rest(self) -> None:
        """Request the photos that are not sorted, as a double-click on their line does."""
        if self._rest is not None:
            self._request_photos(self._rest)

    @Slot(QTreeWidgetItem)
    def _request_photos(self, line: QTreeWidgetItem) -> None:
        lists: list[Sequence[_Named]] = [line.data(0, _PATHS_ROLE) or ()]
        if not lists[0]:  # the line over several reasons
            below = [child for i in range(line.childCount()) if (child := line.child(i)) is not None]
            lists = [child.data(0, _PATHS_ROLE) or () for child in below]
        photos = [photo.source for found in lists for photo in found]
        if photos:
            self.photos_requested.emit(photos, line.text(0))

    def _photo(self, photo: _Named) -> QTreeWidgetItem:
        item = QTreeWidgetItem([photo.path.name, ""])
        other = self.tr("from {0}").format(photo.other) if photo.other else ""
        item.setData(0, _PATHS_ROLE, [photo])
        item.setToolTip(0, "\n".join(filter(None, (str(photo.path), other, photo.detail))))
        item.setForeground(0, self.palette().brush(QPalette.ColorRole.Text))
        return item


class _Named:
    """A photo in a list: the path shown, the other path of its filing, and the present path."""

    __slots__ = ("detail", "other", "path", "source")

    def __init__(self, path: Path, other: Path | None, detail: str = "", *, source: Path | None = None) -> None:
        self.path, self.other, self.detail, self.source = path, other, detail, source or path


def _filed(file: PlannedFile) -> _Named:
    return _Named(file.destination, file.filing.source, source=file.filing.source)


def _kept(file: PlannedFile) -> _Named:
    return _Named(file.filing.source, file.destination)


def _left(skipped: Skipped) -> _Named:
    return _Named(skipped.path, None, reason_and_detail(skipped)[1])


def _pictures(files: Sequence[PlannedFile]) -> list[Path]:
    return [file.filing.source for file in spread(files)]
