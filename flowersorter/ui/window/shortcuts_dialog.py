"""The help sheet: keys and mouse gestures by task, built from the actions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PySide6.QtCore import QCoreApplication, QSize, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from flowersorter.ui.shared import theme
from flowersorter.ui.shared.widgets import open_at
from flowersorter.ui.window.key_tasks import TASKS, KeyLine, KeyTask

_CONTEXT = "KeyTasks"
_Lines = list[tuple[str, str]]


#: Length of keys or of a gesture, in letters, from which on they take two lines.
_LONG_KEYS = 24


class _WideScrollArea(QScrollArea):
    """Scrolls up and down only: never narrower than its page, whatever the font."""

    def minimumSizeHint(self) -> QSize:
        """Room for the longest key, the longest word beside it and the scroll bar."""
        hint = super().minimumSizeHint()
        page, bar = self.widget(), self.verticalScrollBar()
        width = bar.sizeHint().width() + (page.minimumSizeHint().width() if page is not None else 0)
        return QSize(max(width, hint.width()), hint.height())


class ShortcutsDialog(QDialog):
    """Lists every action that has a key, and the mouse gestures, in two columns."""

    def __init__(self, actions: Sequence[QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("keys_dialog")
        self.setWindowTitle(self.tr("Keyboard and mouse"))
        page = QWidget(self)
        row = QHBoxLayout(page)
        row.setContentsMargins(theme.GAP_PX, 0, theme.GAP_PX, 0)
        row.setSpacing(2 * theme.LARGE_GAP_PX)
        for tasks in _in_two(_worded(actions)):
            row.addWidget(_column(page, tasks), 1)
        scroll = _WideScrollArea(self)
        scroll.setObjectName("keys")
        scroll.setAccessibleName(self.tr("Keyboard shortcuts"))
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(page)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(scroll, 1)
        column.addWidget(buttons)
        open_at(self, 168, 46)


def _worded(actions: Sequence[QAction]) -> list[tuple[str, _Lines]]:
    """Return the lines of each task; actions in no task are added to the last one."""
    by_name = {action.objectName(): action for action in actions}
    listed = {name for task in TASKS for line in task.lines for name in line.actions}
    rest = tuple(KeyLine((name,)) for name in by_name if name not in listed)
    tasks = (*TASKS[:-1], KeyTask(TASKS[-1].title, TASKS[-1].lines + rest))
    worded = ((_tr(task.title), [shown for line in task.lines for shown in _line(line, by_name)]) for task in tasks)
    return [(title, lines) for title, lines in worded if lines]


def _line(line: KeyLine, by_name: dict[str, QAction]) -> Iterator[tuple[str, str]]:
    """Return the line as (keys, effect); nothing if none of its actions has a key."""
    if line.gesture:
        yield _tr(line.gesture), _tr(line.text)
        return
    actions = [by_name[name] for name in line.actions if name in by_name and by_name[name].shortcuts()]
    if actions:
        keys = ", ".join(each.shortcut().toString(QKeySequence.SequenceFormat.NativeText) for each in actions)
        yield keys, _tr(line.text) if line.text else actions[0].text().replace("&", "").rstrip("…")


def _in_two(tasks: list[tuple[str, _Lines]]) -> tuple[list[tuple[str, _Lines]], list[tuple[str, _Lines]]]:
    """Divide the tasks among two columns of about the same height."""
    heights = [len(lines) + 2 for _, lines in tasks]
    at = min(range(len(tasks) + 1), key=lambda at: abs(sum(heights[:at]) - sum(heights[at:])))
    return tasks[:at], tasks[at:]


def _column(parent: QWidget, tasks: list[tuple[str, _Lines]]) -> QWidget:
    column = QWidget(parent)
    grid = QGridLayout(column)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(theme.GAP_PX + theme.SMALL_GAP_PX)
    grid.setVerticalSpacing(1)
    grid.setColumnStretch(1, 1)
    for title, lines in tasks:
        heading = _bold(QLabel(title, column))
        heading.setContentsMargins(0, theme.SMALL_GAP_PX if grid.rowCount() > 1 else 0, 0, 0)
        grid.addWidget(heading, grid.rowCount(), 0, 1, 2)
        for keys, description in lines:
            row = grid.rowCount()
            label = QLabel(keys, column)
            said = QLabel(description, column)
            label.setWordWrap(len(keys) > _LONG_KEYS)
            said.setWordWrap(True)
            grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(said, row, 1, Qt.AlignmentFlag.AlignTop)
    grid.setRowStretch(grid.rowCount(), 1)
    return column


def _bold(label: QLabel) -> QLabel:
    font = label.font()
    font.setBold(True)
    label.setFont(font)
    return label


def _tr(text: str) -> str:
    return QCoreApplication.translate(_CONTEXT, text)
