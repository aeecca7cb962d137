"""Asks about photos drawn at random, one after another, and says how many of all suggestions are right."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QImage, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from flowersorter.domain.check_answer import CheckAnswer
from flowersorter.messages import worded
from flowersorter.ui.filing.include_box import include_words
from flowersorter.ui.labels.label_errors_pictures import Picture
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.widgets import button, button_row, column_of, count_photos, open_at, text_label
from flowersorter.workers.latest_only import LatestOnly
from flowersorter.workers.thumbnail_loader import large_image
from flowersorter.workflows.evaluation.checked_sample import LOOSER_GOAL, CheckedSample, DrawnPhoto
from flowersorter.workflows.filing.sort import Include

LARGE_PX = 1600


class CheckSampleDialog(QDialog):
    """Shows one drawn photo at a time. The owner stores each answer and replies with `show_check`.

    Args:
        check: Its present state.
        names: Class names by id.
        parent: The window.

    Signals:
        answered(photo id, CheckAnswer): Whether its suggestion is right.
        undo_requested(): Undo the last answer.
        goal_chosen(int): It is enough to know that this many of 100 are right.
    """

    answered = Signal(int, object)
    undo_requested = Signal()
    goal_chosen = Signal(int)

    def __init__(self, check: CheckedSample, names: Mapping[int, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("check_sample_dialog")
        self.setWindowTitle(self.tr("Check a sample"))
        self._names = names
        self._waiting = False
        self.current: DrawnPhoto | None = None
        self._loader = LatestOnly(self)
        self._loader.loaded.connect(self._on_loaded)
        self._loader.failed.connect(self._on_failed)
        self._make_parts(check)
        self._lay_out()
        self._connect()
        open_at(self, 96, 38)  # the layout decides its minimum size
        self.show_check(check)

    # -- its parts

    def _make_parts(self, check: CheckedSample) -> None:
        self.withdrawn = text_label(self, "check_sample_withdrawn", worded(check.withdrawn))
        self.withdrawn.setVisible(bool(check.withdrawn))
        about = self.tr("Drawn from {0} whose suggestion Sort takes with “{1}”.")
        words = include_words(Include(check.sample.include))
        drawn = about.format(count_photos(check.photos), words)
        self.about = text_label(self, "check_sample_about", f"{worded(check.widened)} {drawn}".lstrip(), muted=True)
        self.question = text_label(self, "check_sample_question", scale=1.3)
        self.place = text_label(self, "check_sample_place", muted=True)
        self.picture = Picture(self, "check_sample_picture", self.tr("Photo to check"), 160)
        self.end = text_label(self, "check_sample_end", scale=1.3)
        self.end_hint = text_label(self, "check_sample_end_hint", muted=True)
        for text_of_end in (self.end, self.end_hint):
            text_of_end.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.statement = text_label(self, "check_sample_statement")
        self.outlook = text_label(self, "check_sample_outlook", muted=True)
        self.looser_button = button(
            self, "check_sample_looser", "", self.tr("Fewer answers are needed; the answers given count for it")
        )
        self.looser_button.hide()
        self.right_button = button(
            self, "check_sample_right", self.tr("Right (R)"), self.tr("The suggestion is right (R or Enter)")
        )
        self.wrong_button = button(
            self, "check_sample_wrong", self.tr("Wrong (W)"), self.tr("The suggestion is wrong (W)")
        )
        self.skip_button = button(
            self, "check_sample_skip", self.tr("Skip"), self.tr("Answer later; until then it counts as wrong (→)")
        )
        self.undo_button = button(self, "check_sample_undo", self.tr("Undo"), self.tr("Undo the last answer (Ctrl+Z)"))
        self.undo_button.setIcon(theme.icon("undo"))
        self.undo_button.setEnabled(False)  # the owner says when an answer can be undone
        self.close_button = button(
            self, "check_sample_close", self.tr("Close"), self.tr("The answers are kept; go on whenever you like (Esc)")
        )

    def _lay_out(self) -> None:
        one = QWidget(self)
        column = _column(one)
        column.addWidget(self.question)
        column.addWidget(self.place)
        column.addWidget(self.picture, 1)
        none = QWidget(self)
        column = _column(none)
        column.addStretch(1)
        column.addWidget(self.end)
        column.addWidget(self.end_hint)
        column.addStretch(1)
        self.pages = QStackedWidget(self)
        self.pages.setObjectName("check_sample_pages")
        self.pages.addWidget(one)
        self.pages.addWidget(none)
        column = column_of(self)
        column.addWidget(self.withdrawn)
        column.addWidget(self.about)
        column.addWidget(self.pages, 1)
        column.addWidget(self.statement)
        row = QHBoxLayout()
        row.setSpacing(theme.GAP_PX)
        row.addWidget(self.outlook, 1)
        row.addWidget(self.looser_button, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(row)
        column.addLayout(self._buttons())

    def _buttons(self) -> QHBoxLayout:
        return button_row(
            (self.undo_button, self.skip_button), (self.wrong_button, self.right_button, self.close_button)
        )

    def _connect(self) -> None:
        self.right_button.clicked.connect(self._right)
        self.wrong_button.clicked.connect(self._wrong)
        self.skip_button.clicked.connect(self._skip)
        self.undo_button.clicked.connect(self._undo)
        self.close_button.clicked.connect(self.accept)
        self.looser_button.clicked.connect(lambda: self.goal_chosen.emit(LOOSER_GOAL))
        QShortcut(QKeySequence(QKeySequence.StandardKey.Undo), self).activated.connect(self._undo)

    # -- display

    def show_check(self, check: CheckedSample) -> None:
        """Show the present state of the check: the next photo, or the end."""
        self._waiting = False
        asked = check.next_photos(1)
        self.current = asked[0] if asked else None
        self.pages.setCurrentIndex(0 if asked else 1)
        for each in (self.right_button, self.wrong_button, self.skip_button, self.statement):
            each.setVisible(bool(asked))
        self.statement.setText(worded(check.statement))
        self._show_outlook(check)
        if self.current is None:
            self._show_end(check)
            return
        self.question.setText(self.tr("Is this “{0}”?").format(self._names.get(self.current.class_id, "")))
        self.place.setText(str(self.current.path))
        self.picture.show_image(None)
        path = self.current.path
        self._loader.request(self.current.photo_id, lambda: large_image(path, LARGE_PX))
        self.setFocus()

    def _show_outlook(self, check: CheckedSample) -> None:
        """Say how many answers it takes at least and at most, and offer the looser goal."""
        said, left = worded(check.outlook or ""), check.photos - len(check.counted_answers)
        if check.needed is not None and check.needed < left:
            said += " " + self.tr("Wrong ones take more, at most all {0}.").format(count_photos(left))
        self.outlook.setText(said)
        self.outlook.setVisible(check.outlook is not None)
        looser = check.looser
        if looser is not None:
            text = self.tr("{0} of 100 is enough: {1}").format(looser.goal, count_photos(looser.needed or 0))
            self.looser_button.setText(text)
            self.looser_button.setAccessibleName(text)
        self.looser_button.setVisible(looser is not None)

    def _show_end(self, check: CheckedSample) -> None:
        self._loader.forget()
        self.end.setText(worded(check.statement))
        if check.missed:
            hint = self.tr("Confirm or correct more photos, then retrain. After that, check again.")
        elif check.checked:
            hint = self.tr("This holds for the suggestions there are now. A new model or new photos need a new check.")
        else:
            hint = self.tr("The photos are gone.")
        self.end_hint.setText(hint)
        self.close_button.setFocus()

    # -- input

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Handle the key of each answer; Esc closes."""
        actions = {
            Qt.Key.Key_R: self._right,
            Qt.Key.Key_Return: self._right,
            Qt.Key.Key_Enter: self._right,
            Qt.Key.Key_W: self._wrong,
            Qt.Key.Key_Right: self._skip,
        }
        action = actions.get(Qt.Key(event.key()))
        if action is None or event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            super().keyPressEvent(event)
        else:
            action()

    def shutdown(self) -> None:
        """Wait for the photo being loaded."""
        self._loader.shutdown()

    @Slot()
    def _right(self) -> None:
        self._answer(CheckAnswer.RIGHT)

    @Slot()
    def _wrong(self) -> None:
        self._answer(CheckAnswer.WRONG)

    @Slot()
    def _skip(self) -> None:
        self._answer(CheckAnswer.SKIPPED)

    def _answer(self, answer: CheckAnswer) -> None:
        """Give an answer, unless the one before is still being stored: it was about the same photo."""
        if self.current is not None and not self._waiting:
            self._waiting = True
            self.answered.emit(self.current.photo_id, answer)

    @Slot()
    def _undo(self) -> None:
        if self.undo_button.isEnabled() and not self._waiting:
            self._waiting = True
            self.undo_requested.emit()

    @Slot(object, object)
    def _on_loaded(self, photo_id: int, image: QImage) -> None:
        if self.current is not None and photo_id == self.current.photo_id:
            self.picture.show_image(image)

    @Slot(object, object)
    def _on_failed(self, photo_id: int, error: Exception) -> None:
        if self.current is not None and photo_id == self.current.photo_id:
            why = getattr(error, "why", "") or str(error)
            self.picture.show_text(self.tr("This photo cannot be shown:\n{0}").format(worded(why)))


def _column(page: QWidget) -> QVBoxLayout:
    column = QVBoxLayout(page)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(theme.GAP_PX)
    return column
