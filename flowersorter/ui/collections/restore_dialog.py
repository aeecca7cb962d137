"""Offers to restore a backup of a damaged library, and shows the result."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from flowersorter.errors import CollectionDamaged
from flowersorter.library.database.restore import Backup, RestoreResult, newest_sound
from flowersorter.messages import worded
from flowersorter.ui.filing.history.history_dialog import when
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.icon_label import IconLabel
from flowersorter.ui.shared.widgets import (
    FittedDialog,
    Message,
    breakable,
    button,
    button_row,
    column_of,
    count_photos,
    text_label,
)

_ICON_PX = 32


class RestoreDialog(FittedDialog):
    """Shown instead of the main window. Changes nothing itself. Lives in the GUI thread.

    It is accepted when a backup is in place and the person wants to go on.

    Args:
        error: The damage.
        found: Its backups, newest first; one of them is sound.
        parent: The window it belongs to; None at the start.

    Signals:
        restore_requested(): Restore the newest sound backup; answer with `show_done` or `show_problem`.
    """

    restore_requested = Signal()

    def __init__(self, error: CollectionDamaged, found: Sequence[Backup], parent: QWidget | None = None) -> None:
        super().__init__(82, 62, parent)
        self.setObjectName("rescue_dialog")
        self.setWindowTitle(self.tr("FlowerSorter"))
        self._chosen = newest_sound(list(found))
        self._done = False
        self.what = text_label(self, "rescue_what", self.tr("Your library is damaged"), scale=1.1)
        self.why = text_label(self, "rescue_why", breakable(f"{worded(error.what)}: {worded(error.why)}."))
        self.means = text_label(self, "rescue_means", self._meaning())
        self.message = Message(self, "rescue_message")
        self.list = self._backups(found)
        self._build()
        self.setAccessibleName(self.what.text())
        self.setAccessibleDescription(self.means.text())

    def _meaning(self) -> str:
        return self.tr(
            "Your photos are safe. FlowerSorter can restore a backup of the library. Labels and sorts made after "
            "that backup will be missing. The damaged file is kept."
        )

    def _backups(self, found: Sequence[Backup]) -> QWidget:
        lines = QWidget(self)
        lines.setObjectName("rescue_backups")
        lines.setAccessibleName(self.tr("Backups, newest first"))
        grid = QGridLayout(lines)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(theme.LARGE_GAP_PX)
        grid.setVerticalSpacing(theme.SMALL_GAP_PX)
        grid.setColumnStretch(1, 1)
        for row, backup in enumerate(found):
            name = f"rescue_backup_{row}"
            grid.addWidget(QLabel(when(backup.made_at.isoformat()), lines), row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(text_label(lines, name, self._holds(backup), muted=backup != self._chosen), row, 1)
        return lines

    def _holds(self, backup: Backup) -> str:
        if backup.labels is None:
            return self.tr("also damaged")
        text = self.tr("{0} labelled").format(count_photos(backup.labels))
        return self.tr("{0}; this backup will be restored").format(text) if backup == self._chosen else text

    def _build(self) -> None:
        self._picture = IconLabel(_ICON_PX, self, theme.warning_icon)
        self._picture.setAlignment(Qt.AlignmentFlag.AlignTop)
        texts = QVBoxLayout()
        texts.setSpacing(theme.GAP_PX)
        for each in (self.what, self.why, self.means, self.list, self.message):
            texts.addWidget(each)
        texts.addStretch(1)
        top = QHBoxLayout()
        top.setSpacing(theme.LARGE_GAP_PX)
        top.addWidget(self._picture)
        top.addLayout(texts, 1)
        tip = self.tr("Replace the damaged library with its newest intact backup")
        self.restore_button = button(self, "rescue_restore_button", self.tr("&Restore the newest backup"), tip)
        self.restore_button.setDefault(True)
        self.restore_button.clicked.connect(self._on_button)
        self.quit_button = button(self, "rescue_quit_button", self.tr("&Quit"), self.tr("Change nothing (Esc)"))
        self.quit_button.clicked.connect(self.reject)
        column = column_of(self)
        column.setSpacing(theme.LARGE_GAP_PX)
        column.addLayout(top)
        column.addLayout(button_row([], [self.quit_button, self.restore_button]))
        self.restore_button.setFocus()

    @Slot()
    def _on_button(self) -> None:
        if self._done:
            self.accept()
        else:
            self.restore_requested.emit()

    @Slot(object)
    def show_done(self, done: RestoreResult) -> None:
        """Show which backup was restored and where the damaged file is."""
        self._done = True
        self._picture.show_icon(lambda: theme.CONFIRMED.icon)
        self.what.setText(self.tr("Your library is restored"))
        self.why.setText(
            self.tr("Restored from {0}: {1} labelled.").format(
                when(done.backup.made_at.isoformat()), count_photos(done.backup.labels or 0)
            )
        )
        kept = self.tr("The damaged file was kept: {0}").format(done.kept_as) if done.kept_as is not None else ""
        self.means.setText(breakable(kept))
        self.means.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.means.setVisible(bool(kept))
        self.list.hide()
        self.message.say("")
        self.restore_button.setText(self.tr("&Open FlowerSorter"))
        self.restore_button.setToolTip(self.tr("Open FlowerSorter with the restored library"))
        self.restore_button.setAccessibleName(self.tr("Open FlowerSorter"))
        self.setAccessibleName(self.what.text())
        self.setAccessibleDescription(f"{self.why.text()} {kept}".strip())

    @Slot(object)
    def show_problem(self, error: Exception) -> None:
        """Say why nothing was restored, and let the person try again."""
        self.message.say(str(error), warning=True)
