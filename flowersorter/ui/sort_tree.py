"""The plan as a tree: class folders with their photos, then what is not filed and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QLocale, Qt, Slot
from PySide6.QtGui import QBrush, QKeyEvent, QPalette
from PySide6.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from flowersorter.sorting.plan import Action, PlannedFile, Skipped, SortPlan
from flowersorter.ui import theme

MOST_SHOWN = 300  # nobody reads more file names in a preview, and a tree of 100,000 takes seconds
_NAME, _NOTE = 0, 1
_KEY_ROLE = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, slots=True)
class _Leaf:
    """One photo.

    Attributes:
        name: Shown.
        note: Shown beside it, short.
        hint: Shown when the mouse rests on it.
    """

    name: str
    note: str
    hint: str


class SortTree(QTreeWidget):
    """Shows a plan; photos are filled in when their folder is opened."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sort_tree")
        self.setAccessibleName(self.tr("What goes where"))
        self.setToolTip(self.tr("Open a folder to see its photos"))
        self.setColumnCount(2)
        self.setHeaderHidden(True)
        self.setUniformRowHeights(True)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setMinimumHeight(96)
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(_NOTE, QHeaderView.ResizeMode.ResizeToContents)
        self._leaves: list[Sequence[_Leaf]] = []  # what each closed folder will show
        self._source: Path | None = None
        self.itemExpanded.connect(self._fill)

    def show_plan(self, plan: SortPlan) -> None:
        """Show this plan, folders closed."""
        self.clear()
        self._leaves.clear()
        self._source = plan.source
        self._add_folders(plan)
        there = [file for file in plan.files if file.action is Action.ALREADY_THERE]
        twice = [file for file in plan.files if file.action is Action.DUPLICATE]
        hint = self.tr("The same photo is in its class folder already. It is not filed again and stays where it is.")
        if there:
            self._add_group(self.tr("Already there"), "reviewed", [self._kept(file) for file in there], hint)
        hint = self.tr("The same picture comes from two places. It is filed once; this one stays where it is.")
        if twice:
            self._add_group(self.tr("The same photo twice"), "photo", [self._kept(file) for file in twice], hint)
        self._add_skipped(plan.skipped)

    # -- groups

    def _add_folders(self, plan: SortPlan) -> None:
        filed: dict[Path, list[PlannedFile]] = defaultdict(list)
        for file in plan.files:
            if file.action.is_filed:
                filed[file.destination.parent].append(file)
        names = {folder: name for name, folder in plan.folders.items()}
        for folder in sorted(filed, key=lambda path: path.name.casefold()):
            name = names[folder]
            title = folder.name if folder.name == name else self.tr("{0}  (class “{1}”)").format(folder.name, name)
            item = self._add_group(title, "sort", [self._filed(file) for file in filed[folder]], str(folder))
            font = item.font(_NAME)
            font.setBold(True)
            item.setFont(_NAME, font)

    def _add_skipped(self, skipped: Sequence[Skipped]) -> None:
        if not skipped:
            return
        by_reason: dict[str, list[_Leaf]] = defaultdict(list)
        for each in skipped:
            reason, _, detail = each.reason.partition(": ")
            name = self._shown(each.path)
            by_reason[reason].append(_Leaf(name, "", f"{each.path}\n{detail}" if detail else str(each.path)))
        hint = self.tr("These photos are not touched.")
        left = self._add_group(self.tr("Left where they are"), "info", (), hint, len(skipped))
        for reason, leaves in sorted(by_reason.items(), key=lambda pair: -len(pair[1])):
            self._add_group(_sentence(reason), "", leaves, hint, parent=left)
        left.setExpanded(True)  # the reasons are few, and they are what is asked for

    def _add_group(
        self,
        title: str,
        icon_name: str,
        leaves: Sequence[_Leaf],
        hint: str,
        count: int = 0,
        parent: QTreeWidgetItem | None = None,
    ) -> QTreeWidgetItem:
        """Add a closed row with a count."""
        count = count or len(leaves)
        shown = QLocale().toString(count)
        item = QTreeWidgetItem([title, shown])
        if icon_name:
            item.setIcon(_NAME, theme.icon(icon_name))
        item.setToolTip(_NAME, hint)
        photos = self.tr("1 photo") if count == 1 else self.tr("{0} photos").format(shown)
        item.setData(_NAME, Qt.ItemDataRole.AccessibleTextRole, f"{title}, {photos}")
        item.setTextAlignment(_NOTE, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if parent is None:
            self.addTopLevelItem(item)
        else:
            parent.addChild(item)
        if leaves:
            item.setChildIndicatorPolicy(QTreeWidgetItem.ChildIndicatorPolicy.ShowIndicator)
            item.setData(_NAME, _KEY_ROLE, len(self._leaves))
            self._leaves.append(leaves)
        return item

    # -- photos

    def _filed(self, file: PlannedFile) -> _Leaf:
        source, name = file.filing.source, file.destination.name
        notes = []
        if name != source.name:
            notes.append(self.tr("was {0}").format(source.name))
        if file.siblings:
            with_it = len(file.siblings)
            notes.append(self.tr("with 1 file") if with_it == 1 else self.tr("with {0} files").format(with_it))
        lines = [self.tr("From {0}").format(source)]
        lines += [self.tr("With {0}").format(origin.name) for origin, _ in file.siblings]
        return _Leaf(name, ", ".join(notes), "\n".join(lines))

    def _kept(self, file: PlannedFile) -> _Leaf:
        hint = self.tr("{0}\nThe same photo: {1}").format(file.filing.source, file.destination)
        return _Leaf(self._shown(file.filing.source), file.filing.class_name, hint)

    def _shown(self, path: Path) -> str:
        if self._source is not None and path.is_relative_to(self._source):
            return str(path.relative_to(self._source))
        return str(path)

    @Slot(QTreeWidgetItem)
    def _fill(self, item: QTreeWidgetItem) -> None:
        key = item.data(_NAME, _KEY_ROLE)
        if key is None or item.childCount():
            return
        leaves = self._leaves[key]
        muted = QBrush(self.palette().color(QPalette.ColorRole.PlaceholderText))
        rows = []
        for leaf in leaves[:MOST_SHOWN]:
            row = QTreeWidgetItem([leaf.name, leaf.note])
            row.setToolTip(_NAME, leaf.hint)
            row.setToolTip(_NOTE, leaf.hint)
            row.setForeground(_NOTE, muted)
            row.setTextAlignment(_NOTE, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            rows.append(row)
        if len(leaves) > MOST_SHOWN:
            more = QTreeWidgetItem([self.tr("and {0} more").format(QLocale().toString(len(leaves) - MOST_SHOWN)), ""])
            more.setForeground(_NAME, muted)
            rows.append(more)
        item.addChildren(rows)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens and closes a folder here; it must not file the photos."""
        item = self.currentItem()
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            if item is not None:
                item.setExpanded(not item.isExpanded())
            event.accept()
            return
        super().keyPressEvent(event)


def _sentence(reason: str) -> str:
    return reason[:1].upper() + reason[1:]
