"""Shows the section headers to screen readers: Qt's accessible list has its photos for children, and nothing else."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtWidgets import QAccessibleWidget, QWidget

if TYPE_CHECKING:
    from flowersorter.ui.grid.view.section_area import SectionArea


class HeaderGroup(QWidget):
    """An invisible widget; its accessible object is a group of the grid's headers. Lives in the GUI thread.

    A header stays a child of the grid's viewport, with which it scrolls: a screen reader finds the window from the
    header, but would not find the header from the window.

    Args:
        grid: Its headers are shown.
        parent: Of the grid.
    """

    def __init__(self, grid: SectionArea, parent: QWidget) -> None:
        _install_factory()  # first: Qt keeps the accessible object that it finds at the first change of a widget
        super().__init__(parent)
        self.grid = grid
        self.setObjectName("section_headers")
        self.setAccessibleName(self.tr("Sections"))
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.resize(1, 1)
        self.lower()


class _AccessibleHeaders(QAccessibleWidget):
    """The accessible object of a `HeaderGroup`."""

    def __init__(self, group: HeaderGroup) -> None:
        super().__init__(group, QAccessible.Role.Grouping)
        self._group = group

    def childCount(self) -> int:  # noqa: N802 - Qt's name
        """Number of headers near those in view."""
        return len(self._group.grid.headers)

    def child(self, index: int) -> QAccessibleInterface | None:  # type: ignore[override]  # the stub knows no None
        """Return the accessible object of a header; None for an outdated index."""
        headers = self._group.grid.headers
        return QAccessible.queryAccessibleInterface(headers[index]) if 0 <= index < len(headers) else None

    def indexOfChild(self, child: QAccessibleInterface) -> int:  # noqa: N802 - Qt's name
        """Index of a header, -1 for anything else."""
        headers, wanted = self._group.grid.headers, child.object()
        return next((number for number, header in enumerate(headers) if header is wanted), -1)


@cache
def _install_factory() -> None:
    QAccessible.installFactory(_accessible_of)


def _accessible_of(_class_name: str, thing: QObject) -> QAccessibleInterface | None:
    return _AccessibleHeaders(thing) if isinstance(thing, HeaderGroup) else None
