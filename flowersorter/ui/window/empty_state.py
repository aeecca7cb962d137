"""The page without a folder: one big button, with a sentence about its effect."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from flowersorter.ui.shared import theme

MAX_RECENT = 5
BIG_BUTTON = """
QPushButton { background: palette(highlight); color: palette(highlighted-text); border: 2px solid palette(highlight);
              border-radius: 10px; padding: 12px 28px; font-weight: 600; }
QPushButton:hover, QPushButton:focus { border-color: rgba(127, 127, 127, 170); }
QPushButton:pressed { padding-top: 13px; padding-bottom: 11px; }
"""


class EmptyState(QScrollArea):
    """Offers to open a folder; lists recent ones; scrolls in a low window.

    Signals:
        open_requested(): Ask for a folder.
        folder_chosen(Path): Open this one.
    """

    open_requested = Signal()
    folder_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("empty_state")
        self.setAccessibleName(self.tr("Start"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # it follows the focus of its parts
        page = QWidget(self)
        self.picture = QLabel(page)
        self.picture.setPixmap(theme.app_icon().pixmap(72, 72))
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.headline = _label(self.tr("Sort your photos"), page, scale=1.9, bold=True)
        self.lead = _label(
            self.tr(
                "FlowerSorter suggests a name for every photo in a folder, and gets better each time you correct it."
            ),
            page,
            scale=1.05,
        )
        self.button = QPushButton(" " + self.tr("Open a folder of photos"), page)
        self.button.setObjectName("open_folder_button")
        self.button.setAccessibleName(self.tr("Open a folder of photos"))
        font = self.button.font()
        font.setPointSizeF(font.pointSizeF() * 1.2)
        self.button.setFont(font)
        self.button.setStyleSheet(BIG_BUTTON)
        self.button.setIconSize(QSize(20, 20))
        self.button.setIcon(theme.icon("open-folder", self.palette().color(QPalette.ColorRole.HighlightedText)))
        self.button.setCursor(Qt.CursorShape.PointingHandCursor)
        self.hint = _label(self.tr("or drop folders or photos anywhere in this window"), page, muted=True)
        self.privacy = _label(
            self.tr(
                "Your photos stay on this computer. Files change only when you sort, and every sort can be undone."
            ),
            page,
        )
        self.recent_title = _label(self.tr("Recent folders"), page, bold=True)
        self.recent = QFrame(page)
        self.recent.setObjectName("recent_folders")
        self._recent_layout = QVBoxLayout(self.recent)
        self._recent_layout.setContentsMargins(0, 0, 0, 0)
        self._recent_layout.setSpacing(2)
        self._page = page
        self._lay_out(page)
        self.setWidget(page)
        page.setAutoFillBackground(False)
        self.viewport().setAutoFillBackground(False)
        self.button.clicked.connect(self._on_button)
        self.show_recent(())

    def _lay_out(self, page: QWidget) -> None:
        column = QVBoxLayout(page)
        column.setContentsMargins(32, 24, 32, 24)
        column.setSpacing(8)
        column.addStretch(2)
        middle = Qt.AlignmentFlag.AlignHCenter
        column.addWidget(self.picture)
        column.addSpacing(8)
        column.addWidget(self.headline)
        column.addWidget(self.lead)
        column.addSpacing(18)
        column.addWidget(self.button, 0, middle)
        column.addWidget(self.hint)
        column.addSpacing(24)
        column.addWidget(self.recent_title)
        column.addWidget(self.recent, 0, middle)
        column.addStretch(3)
        column.addWidget(self.privacy)

    def show_recent(self, folders: Sequence[Path]) -> None:
        """List these folders, newest first."""
        while (item := self._recent_layout.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        for folder in folders[:MAX_RECENT]:
            button = QPushButton(theme.icon("open-folder"), _short(folder), self.recent)
            button.setFlat(True)
            button.setToolTip(str(folder))
            button.setAccessibleName(self.tr("Open {0}").format(folder))
            button.setCursor(Qt.CursorShape.PointingHandCursor)
            button.clicked.connect(lambda _checked=False, folder=folder: self.folder_chosen.emit(folder))
            self._recent_layout.addWidget(button)
        self.recent_title.setVisible(bool(folders))
        self.recent.setVisible(bool(folders))
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the height of the page to its texts at the new width."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Let the page scroll only where it is higher than the window: Qt takes its height at the narrowest width."""
        column = self._page.layout()
        if column is not None:
            self._page.setMinimumHeight(max(1, column.minimumHeightForWidth(self.viewport().width())))

    @Slot()
    def _on_button(self) -> None:
        self.open_requested.emit()


def _short(folder: Path) -> str:
    """Shorten a path to its end: most paths start alike."""
    parts = folder.parts
    return str(folder) if len(parts) <= 4 else "…" + str(Path(*parts[-3:])).join(("/", ""))


def _label(text: str, parent: QWidget, *, scale: float = 1.0, bold: bool = False, muted: bool = False) -> QLabel:
    label = QLabel(text, parent)
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setWordWrap(True)
    label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    font = label.font()
    font.setPointSizeF(font.pointSizeF() * scale)
    font.setBold(bold)
    label.setFont(font)
    if muted:
        label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
    return label
