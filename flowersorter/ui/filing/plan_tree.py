"""A sort plan as a tree: the photos of each folder, and the photos left, with the reason."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path

from PySide6.QtCore import QLocale, Qt, Signal, Slot
from PySide6.QtGui import QFont, QKeyEvent, QPalette
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from flowersorter.messages import worded
from flowersorter.sorting.plan import Action, PlannedFile, Skipped, SortPlan
from flowersorter.sorting.runs.packed import Chosen, Mapped
from flowersorter.ui.filing.plan_pictures import PICTURES_ROLE, Picture, PlanPictures, spread
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

    @Slot()
    def repaint_pictures(self) -> None:
        """Show thumbnails that arrived."""
        self.viewport().update()

    def show_plan(self, plan: SortPlan) -> None:
        """Show another plan."""
        self.clear()
        for folder, photos in sorted(plan.folders.items(), key=lambda each: str(each[0]).casefold()):
            line = self._line(self, folder.as_posix(), Mapped(_filed, photos.files))
            line.setIcon(0, theme.icon("open-folder"))
            line.setData(2, PICTURES_ROLE, cache(partial(_pictures, photos.files)))
            if folder.parts[0] != photos.class_name:
                tip = self.tr("Class “{0}”, with a folder name the disk accepts").format(photos.class_name)
                line.setToolTip(0, tip)
        self._stays(self.tr("Already there"), plan.staying_as(Action.ALREADY_THERE))
        self._stays(self.tr("Duplicates (copied once)"), plan.staying_as(Action.DUPLICATE))
        self._skipped(plan)

    def _stays(self, title: str, files: Sequence[PlannedFile]) -> None:
        if files:
            self._line(self, title, Mapped(_kept, files), icon="reviewed")

    def _skipped(self, plan: SortPlan) -> None:
        if not plan.skipped:
            return
        reasons: dict[str, array[int]] = defaultdict(lambda: array("I"))
        for position, skipped in enumerate(plan.skipped):
            reasons[_reason(skipped)[0]].append(position)
        title = self.tr("Not sorted")
        whole = self._line(self, title, (), icon="cancel", count=len(plan.skipped))
        whole.setExpanded(True)
        for reason, positions in sorted(reasons.items(), key=lambda each: (-len(each[1]), each[0])):
            photos = Mapped(_left, Chosen(plan.skipped, positions))
            self._line(whole, reason[:1].upper() + reason[1:], photos)

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
    return _Named(skipped.path, None, _reason(skipped)[1])


def _reason(skipped: Skipped) -> tuple[str, str]:
    """The reason as a line has it, and the detail: all "it cannot be read: ..." count as one reason."""
    reason, _, detail = worded(skipped.reason).partition(": ")
    return reason, detail


def _pictures(files: Sequence[PlannedFile]) -> list[Path]:
    return [file.filing.source for file in spread(files)]
