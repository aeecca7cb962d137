"""A sort plan as a tree: the photos of each folder, and the photos left, with the reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QLocale, Qt, Signal, Slot
from PySide6.QtGui import QFont, QKeyEvent, QPalette
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from flowersorter.messages import worded
from flowersorter.sorting.plan import Action, PlannedFile, SortPlan
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
        by_folder: dict[Path, list[PlannedFile]] = defaultdict(list)
        by_action: dict[Action, list[PlannedFile]] = defaultdict(list)
        for file in plan.files:
            by_action[file.action].append(file)
            if file.action.is_filed:
                by_folder[plan.folder_of(file)].append(file)
        for folder in sorted(by_folder, key=lambda folder: str(folder).casefold()):
            files = by_folder[folder]
            line = self._line(
                self,
                folder.as_posix(),
                [_Named(f.destination, f.filing.source, source=f.filing.source) for f in files],
            )
            line.setIcon(0, theme.icon("open-folder"))
            line.setData(2, PICTURES_ROLE, spread([file.filing.source for file in files]))
            name = files[0].filing.class_name
            if folder.parts[0] != name:
                line.setToolTip(0, self.tr("Class “{0}”, with a folder name the disk accepts").format(name))
        self._stays(self.tr("Already there"), by_action[Action.ALREADY_THERE])
        self._stays(self.tr("Duplicates (copied once)"), by_action[Action.DUPLICATE])
        self._skipped(plan)

    def _stays(self, title: str, files: Sequence[PlannedFile]) -> None:
        if files:
            self._line(self, title, [_Named(f.filing.source, f.destination) for f in files], icon="reviewed")

    def _skipped(self, plan: SortPlan) -> None:
        if not plan.skipped:
            return
        reasons: dict[str, list[_Named]] = defaultdict(list)
        for skipped in plan.skipped:
            # All "it cannot be read: ..." count as one reason.
            reason, _, detail = worded(skipped.reason).partition(": ")
            reasons[reason].append(_Named(skipped.path, None, detail))
        title = self.tr("Not sorted")
        whole = self._line(self, title, (), icon="cancel", count=len(plan.skipped))
        whole.setExpanded(True)
        for reason, photos in sorted(reasons.items(), key=lambda each: (-len(each[1]), each[0])):
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
