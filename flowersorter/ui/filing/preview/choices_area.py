"""Scrolls the choices of a sort and the list of its plan together where there is little room."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from flowersorter.ui.filing.preview.plan_tree import PlanTree
from flowersorter.ui.shared import theme

#: Lines of the list that stay in view where it scrolls by itself.
_FEWEST_LINES = 7


class ChoicesArea(QScrollArea):
    """Scrolls only the list where the choices leave room for it, else choices and list as one page.

    One area inside the other would both scroll: the wheel would stop at the edge of the inner one.

    Args:
        tree: The list, the part that grows.
        parent: The dialog.
    """

    def __init__(self, tree: PlanTree, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sort_choices")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # it follows the focus of its parts
        self._tree = tree
        self._body = QWidget(self)
        self.form = QVBoxLayout(self._body)
        self.form.setContentsMargins(0, 0, 0, 0)
        self.form.setSpacing(theme.LARGE_GAP_PX)
        self.setWidget(self._body)
        self._fitting = QTimer(self)  # after the parts have their sizes
        self._fitting.setSingleShot(True)
        self._fitting.timeout.connect(self.fit)
        self._body.installEventFilter(self)
        tree.itemExpanded.connect(self._fitting.start)
        tree.itemCollapsed.connect(self._fitting.start)
        tree.model().rowsInserted.connect(self._fitting.start)
        tree.model().modelReset.connect(self._fitting.start)
        tree.currentItemChanged.connect(self._follow)
        self.verticalScrollBar().rangeChanged.connect(self._follow)  # the list got its height after the key

    @property
    def scrolls_as_one(self) -> bool:
        """Whether the list is as high as all its lines, and scrolls with the choices."""
        return self._tree.verticalScrollBarPolicy() == Qt.ScrollBarPolicy.ScrollBarAlwaysOff

    @Slot()
    def fit(self) -> None:
        """Give the list a height of its own, or that of all its lines."""
        fewest_px = self._tree.fontMetrics().lineSpacing() * _FEWEST_LINES
        width_px = self.viewport().width()
        # The form without the list, which may be as high as all its lines at the moment.
        others_px = self.form.totalMinimumHeightForWidth(width_px) - self._tree.minimumHeight()
        as_one = others_px + fewest_px > self.viewport().height()
        policy = Qt.ScrollBarPolicy.ScrollBarAlwaysOff if as_one else Qt.ScrollBarPolicy.ScrollBarAsNeeded
        self._tree.setVerticalScrollBarPolicy(policy)
        list_px = max(fewest_px, self._tree.height_of_all_lines) if as_one else fewest_px
        self._tree.setMinimumHeight(list_px)
        self._body.setMinimumHeight(others_px + list_px)  # Qt takes the height of texts at the narrowest width

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the list to the new room."""
        super().resizeEvent(event)
        self._fitting.start()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Fit the list once a choice appears or disappears."""
        if watched is self._body and event.type() == QEvent.Type.LayoutRequest:
            self._fitting.start()
        return super().eventFilter(watched, event)

    @Slot()
    def _follow(self) -> None:
        """Keep the current line of the list in view while the keyboard is there."""
        line = self._tree.currentItem()
        if line is not None and self.scrolls_as_one and self._tree.hasFocus():
            rect = self._tree.visualItemRect(line)
            at = self._tree.viewport().mapTo(self._body, rect.center())
            self.ensureVisible(at.x(), at.y(), 0, rect.height())
