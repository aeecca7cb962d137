"""The thumbnail cache in Preferences: its size, its limit, and a button that empties it."""

from __future__ import annotations

from PySide6.QtCore import QLocale, QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSpinBox, QVBoxLayout, QWidget

from flowersorter.ui.shared import theme
from flowersorter.ui.shared.widgets import button, count_photos, describe, megabytes, text_label
from flowersorter.workflows.maintenance.cache import CacheState

_MOST_MB, _STEP_MB = 1_000_000, 500


class CacheSection(QWidget):
    """Shows the size of the thumbnail cache in words. Lives in the GUI thread.

    Args:
        limit_mb: The current size limit; 0 for no limit.
        parent: The dialog.

    Signals:
        limit_chosen(int): Keep this limit, in MB; 0 for no limit.
        empty_requested(): Delete them all; then tell `show_state`.
    """

    limit_chosen = Signal(int)
    empty_requested = Signal()

    def __init__(self, limit_mb: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("cache_part")
        self.state = text_label(self, "cache_state", self.tr("Measuring…"))
        self.limit = QSpinBox(self)
        self.limit.setObjectName("cache_limit")
        describe(
            self.limit,
            self.tr("Size limit of the thumbnail cache, in megabytes"),
            self.tr("When full, the thumbnails unused for longest are deleted first. 0 means no limit"),
        )
        self.limit.setRange(0, _MOST_MB)
        self.limit.setSingleStep(_STEP_MB)
        self.limit.setGroupSeparatorShown(True)
        self.limit.setSuffix(self.tr(" MB"))
        self.limit.setSpecialValueText(self.tr("no limit"))
        self.limit.setValue(limit_mb)
        self.limit.setKeyboardTracking(False)  # a number half typed would delete thumbnails
        self.empty_button = button(
            self, "cache_empty_button", self.tr("&Empty"), self.tr("Clear the thumbnail cache. Your photos stay")
        )
        self.empty_button.setEnabled(False)
        self.kept = text_label(self, "cache_kept", muted=True)
        self._lay_out()
        self._explain(None)
        self.empty_button.clicked.connect(self._empty)
        self.limit.valueChanged.connect(self.limit_chosen)

    def _lay_out(self) -> None:
        label = QLabel(self.tr("&Limit"), self)
        label.setBuddy(self.limit)
        there = QHBoxLayout()
        there.setSpacing(theme.GAP_PX)
        there.addWidget(self.state, 1)
        there.addWidget(self.empty_button)
        most = QHBoxLayout()
        most.setSpacing(theme.GAP_PX)
        most.addWidget(label)
        most.addWidget(self.limit)
        most.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP_PX)
        column.addLayout(there)
        column.addLayout(most)
        column.addWidget(self.kept)

    def show_limit(self, limit_mb: int) -> None:
        """Show the limit that is kept."""
        with QSignalBlocker(self.limit):
            self.limit.setValue(limit_mb)

    @Slot(object)
    def show_state(self, state: CacheState) -> None:
        """Show the present sizes."""
        if state.pictures:
            number = QLocale().toString(state.pictures)
            pictures = self.tr("1 thumbnail") if state.pictures == 1 else self.tr("{0} thumbnails").format(number)
            photos, room = count_photos(state.photos), megabytes(state.picture_bytes)
            text = self.tr("{0} for {1}, {2}.").format(pictures, photos, room)
        else:
            text = self.tr("The cache is empty.")
        self.state.setText(text)
        self.empty_button.setEnabled(state.pictures > 0)
        self._explain(state)

    @Slot()
    def show_problem(self) -> None:
        """Say that they could not be measured, or not all be deleted."""
        self.state.setText(self.tr("The cache could not be measured: disk error."))

    def _explain(self, state: CacheState | None) -> None:
        text = self.tr("Thumbnails make the grid fast. They are created again when needed.")
        if state is not None and state.embedding_bytes:
            more = self.tr("The results of the image network take another {0} and are kept.")
            text += " " + more.format(megabytes(state.embedding_bytes))
        self.kept.setText(text)

    @Slot()
    def _empty(self) -> None:
        self.empty_button.setEnabled(False)
        self.state.setText(self.tr("Clearing the thumbnail cache…"))
        self.empty_requested.emit()
