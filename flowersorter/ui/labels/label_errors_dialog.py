"""Goes through the labels that may be wrong, one photo after another: one key keeps a label, one moves the photo."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QImage, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QComboBox, QDialog, QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from flowersorter.messages import worded
from flowersorter.ui.labels.label_errors_pictures import AlikeRow, Picture
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.widgets import (
    button,
    button_row,
    column_of,
    describe,
    open_at,
    text_label,
    without_mnemonics,
)
from flowersorter.workers.latest_only import LatestOnly
from flowersorter.workers.thumbnail_loader import large_image
from flowersorter.workflows.evaluation.label_errors import LabelError, LabelErrorsResult, too_early_in_words

LARGE_PX = 1600


class Decision(Enum):
    """The decision about a doubted label."""

    KEPT = "kept"
    MOVED = "moved"


class LabelErrorsDialog(QDialog):
    """Shows one doubted photo at a time. The owner saves each decision and answers with `show_decisions`.

    Args:
        result: The labels that are probably wrong.
        names: Class names by id.
        parent: The window.

    Signals:
        keep_requested(Doubt): Its label is right.
        move_requested(Doubt): It belongs to the class that suits it better.
        undo_requested(): Undo the last decision.
    """

    keep_requested = Signal(object)
    move_requested = Signal(object)
    undo_requested = Signal()

    def __init__(self, result: LabelErrorsResult, names: Mapping[int, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("doubts_dialog")
        self.setWindowTitle(self.tr("Review doubtful labels"))
        self._result, self._names = result, names
        self._shown: tuple[LabelError, ...] = result.doubts
        self._decided: Mapping[int, Decision] = {}
        self._at = 0
        self._loader = LatestOnly(self)
        self._loader.loaded.connect(self._on_loaded)
        self._loader.failed.connect(self._on_failed)
        self._make_parts()
        self._lay_out()
        self._connect()
        open_at(self, 128, 40)  # its layout decides how small: the buttons carry names
        self._show()

    # -- its parts

    def _make_parts(self) -> None:
        self.sentence = text_label(self, "doubts_sentence", scale=1.3)
        self.reason = text_label(self, "doubts_reason", muted=True)
        self.warning = text_label(self, "doubts_warning", muted=True)
        if self._result.little_known and self._result.accuracy is not None:
            right = round(100 * self._result.accuracy)
            text = self.tr("The model is still learning ({0} % right), so most of these labels are probably fine.")
            self.warning.setText(text.format(right))
        self.warning.setVisible(self._result.little_known)
        self.progress = QLabel(self)
        self.progress.setObjectName("doubts_progress")
        self.groups = QComboBox(self)
        self.groups.setObjectName("doubts_groups")
        self.groups.setMinimumContentsLength(12)
        self.groups.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        describe(
            self.groups, self.tr("Doubtful labels to show"), self.tr("All of them, or one confused pair of classes")
        )
        self.groups.addItem(self.tr("All of them ({0})").format(len(self._result.doubts)), None)
        for group in self._result.groups:
            label, better = self._names[group.class_id], self._names[group.better_id]
            count = len(group.photo_ids)
            text = (
                self.tr("{0} labelled {1}, looks like {2}")
                if count == 1
                else self.tr("{0} labelled {1}, look like {2}")
            )
            self.groups.addItem(text.format(count, label, better), (group.class_id, group.better_id))
        self.picture = Picture(self, "doubts_picture", self.tr("Photo with a doubtful label"), 160)
        self.like_label, self.like_better = AlikeRow(self, "doubts_like_label"), AlikeRow(self, "doubts_like_better")
        self.keep_button = button(self, "doubts_keep", "", self.tr("The label is right. Don't ask again (K or Enter)"))
        self.move_button = button(self, "doubts_move", "", self.tr("Move the photo to the other class (M)"))
        self.undo_button = button(self, "doubts_undo", self.tr("Undo"), self.tr("Undo the last decision (Ctrl+Z)"))
        self.back_button = button(self, "doubts_back", "", self.tr("Previous photo (←)"))
        self.skip_button = button(self, "doubts_skip", self.tr("Skip"), self.tr("Decide later (→)"))
        self.close_button = button(self, "doubts_close", self.tr("Close"))
        self.back_button.setIcon(theme.icon("previous"))
        describe(self.back_button, self.tr("Previous photo"))
        self.undo_button.setIcon(theme.icon("undo"))
        self.nothing = text_label(self, "doubts_nothing", scale=1.3)
        self.nothing_more = text_label(self, "doubts_nothing_more", muted=True)
        for text_of_end in (self.nothing, self.nothing_more):
            text_of_end.setAlignment(Qt.AlignmentFlag.AlignCenter)

    def _lay_out(self) -> None:
        texts = QVBoxLayout()
        texts.setSpacing(theme.SMALL_GAP_PX)
        texts.addWidget(self.sentence)
        texts.addWidget(self.reason)
        self.alike = QWidget(self)
        alike = QVBoxLayout(self.alike)
        alike.setContentsMargins(0, 0, 0, 0)
        alike.setSpacing(theme.GAP_PX)
        alike.addWidget(self.like_better, 1)
        alike.addWidget(self.like_label, 1)
        middle = QHBoxLayout()
        middle.setSpacing(theme.LARGE_GAP_PX)
        middle.addWidget(self.picture, 3)
        middle.addWidget(self.alike, 2)
        one = QWidget(self)
        column = QVBoxLayout(one)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP_PX)
        column.addLayout(texts)
        column.addLayout(middle, 1)
        none = QWidget(self)
        column = QVBoxLayout(none)
        column.addStretch(1)
        column.addWidget(self.nothing)
        column.addWidget(self.nothing_more)
        column.addStretch(1)
        self.pages = QStackedWidget(self)
        self.pages.setObjectName("doubts_pages")
        self.pages.addWidget(one)
        self.pages.addWidget(none)
        top = QHBoxLayout()
        top.addWidget(self.groups, 1)
        top.addStretch(1)
        top.addWidget(self.progress)
        column = column_of(self)
        column.addLayout(top)
        column.addWidget(self.warning)
        column.addWidget(self.pages, 1)
        column.addLayout(
            button_row(
                (self.undo_button, self.back_button, self.skip_button),
                (self.keep_button, self.move_button, self.close_button),
            )
        )

    def _connect(self) -> None:
        self.keep_button.clicked.connect(self._keep)
        self.move_button.clicked.connect(self._move)
        self.undo_button.clicked.connect(self.undo_requested)
        self.back_button.clicked.connect(self._back)
        self.skip_button.clicked.connect(self._skip)
        self.close_button.clicked.connect(self.accept)
        self.groups.currentIndexChanged.connect(self._on_group)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Undo), self).activated.connect(self.undo_requested)

    # -- display

    @property
    def current(self) -> LabelError | None:
        """The doubt that is shown; None if there is none, or none left."""
        return self._shown[self._at] if self._at < len(self._shown) else None

    def show_decisions(self, decided: Mapping[int, Decision], *, go_to: int = 0) -> None:
        """Show the decisions by photo id, and go to a photo whose decision was undone, or to the next open one."""
        self._decided = dict(decided)
        numbers = {each.photo_id: number for number, each in enumerate(self._shown)}
        if go_to and go_to not in numbers:
            self.groups.setCurrentIndex(0)  # the undone decision was in another group
            numbers = {each.photo_id: number for number, each in enumerate(self._shown)}
        self._at = numbers[go_to] if go_to in numbers else self._next_open(self._at)
        self._show()

    def _next_open(self, start: int) -> int:
        """Return the next undecided one, cyclically from a number on; the number of all if none is."""
        count = len(self._shown)
        around = [*range(start, count), *range(min(start, count))]
        return next((at for at in around if self._shown[at].photo_id not in self._decided), count)

    def _show(self) -> None:
        doubt = self.current
        self.pages.setCurrentIndex(0 if doubt is not None else 1)
        self.groups.setVisible(len(self._result.groups) > 1)
        for each in (self.keep_button, self.move_button, self.skip_button):
            each.setVisible(doubt is not None)
        self.back_button.setVisible(bool(self._shown))
        self.back_button.setEnabled(self._at > 0)
        self.undo_button.setVisible(bool(self._result.doubts))
        self.undo_button.setEnabled(bool(self._decided))
        if doubt is None:
            self._show_end()
            return
        self.progress.setText(self.tr("{0} of {1}").format(self._at + 1, len(self._shown)))
        self._show_doubt(doubt, self._names[doubt.class_id], self._names[doubt.better_id])
        self.setFocus()

    def _show_doubt(self, doubt: LabelError, label: str, better: str) -> None:
        decision = self._decided.get(doubt.photo_id)
        if doubt.also_at is not None:
            self.sentence.setText(self.tr("The same photo is in both “{0}” and “{1}”").format(label, better))
            self.reason.setText(
                self.tr("{0} and {1} are identical. It counts as {2} until you choose.").format(
                    doubt.path, doubt.also_at, label
                )
            )
        else:
            self.sentence.setText(self.tr("Labelled {0}, looks like {1}").format(label, better))
            self.reason.setText(str(doubt.path))
        if decision is not None:
            said = self.tr("You kept it.") if decision is Decision.KEPT else self.tr("You moved it.")
            self.reason.setText(f"{said} {self.reason.text()}")
        self.keep_button.setText(without_mnemonics(self.tr("Keep {0} (K)").format(label)))
        self.move_button.setText(without_mnemonics(self.tr("Move to {0} (M)").format(better)))
        describe(self.keep_button, self.tr("Keep {0}").format(label))
        describe(self.move_button, self.tr("Move to {0}").format(better))
        self.picture.show_image(None)
        path = doubt.path
        self._loader.request(doubt.photo_id, lambda: large_image(path, LARGE_PX))
        self.like_better.show_alike(
            self.tr("Similar photos of {0}").format(better), [each.path for each in doubt.like_better]
        )
        self.like_label.show_alike(
            self.tr("Most similar photos of {0}").format(label), [each.path for each in doubt.like_label]
        )

        self.alike.setVisible(bool(doubt.like_better or doubt.like_label))

    def _show_end(self) -> None:
        self._loader.forget()
        self.progress.setText("")
        checked = self.tr("Labels reviewed: {0}.").format(self._result.checked)
        parts = [checked]
        if self._result.doubts:
            kept = sum(each is Decision.KEPT for each in self._decided.values())
            moved = len(self._decided) - kept
            self.nothing.setText(self.tr("All done"))
            parts = [self.tr("{0} kept, {1} moved.").format(kept, moved)]
            if moved:
                parts.append(self.tr("Retrain to improve the suggestions."))
        elif self._result.too_early:
            self.nothing.setText(self.tr("Too early to say"))
        else:
            self.nothing.setText(self.tr("No doubtful labels"))
        if self._result.too_early:
            parts.append(worded(too_early_in_words(self._result)))
        if self._result.kept and not self._result.doubts:
            parts.append(self.tr("Kept by you: {0}.").format(self._result.kept))
        if self._result.unmeasured:
            not_checked = ", ".join(worded(each.in_words()) for each in self._result.unmeasured)
            parts.append(self.tr("Not reviewed, because there are too few photos: {0}.").format(not_checked))
        self.nothing_more.setText(" ".join(parts))
        self.close_button.setFocus()

    # -- input

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Handle the key of each action; Esc closes."""
        actions = {
            Qt.Key.Key_K: self._keep,
            Qt.Key.Key_Return: self._keep,
            Qt.Key.Key_Enter: self._keep,
            Qt.Key.Key_M: self._move,
            Qt.Key.Key_Right: self._skip,
            Qt.Key.Key_Left: self._back,
        }
        action = actions.get(Qt.Key(event.key()))
        if action is None or event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            super().keyPressEvent(event)
        elif self.current is not None or action is self._back:
            action()

    def shutdown(self) -> None:
        """Wait for the photos being loaded."""
        for each in (self._loader, self.like_label, self.like_better):
            each.shutdown()

    @Slot()
    def _keep(self) -> None:
        if self.current is not None:
            self.keep_requested.emit(self.current)

    @Slot()
    def _move(self) -> None:
        if self.current is not None:
            self.move_requested.emit(self.current)

    @Slot()
    def _skip(self) -> None:
        self._at = min(self._at + 1, len(self._shown))
        self._show()

    @Slot()
    def _back(self) -> None:
        self._at = max(0, self._at - 1)
        self._show()

    @Slot()
    def _on_group(self) -> None:
        pair = self.groups.currentData()
        everything = self._result.doubts
        self._shown = everything if pair is None else tuple(d for d in everything if (d.class_id, d.better_id) == pair)
        self._at = self._next_open(0)
        self._show()

    @Slot(object, object)
    def _on_loaded(self, photo_id: int, image: QImage) -> None:
        if self.current is not None and photo_id == self.current.photo_id:
            self.picture.show_image(image)

    @Slot(object, object)
    def _on_failed(self, photo_id: int, error: Exception) -> None:
        if self.current is not None and photo_id == self.current.photo_id:
            why = getattr(error, "why", "") or str(error)
            self.picture.show_text(self.tr("This photo cannot be shown:\n{0}").format(why))
