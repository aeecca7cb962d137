"""The status bar: the running job with progress and time left; at rest, the last message."""

from __future__ import annotations

from collections.abc import Callable
from enum import Flag, auto

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QWidget,
)

from flowersorter.jobs import Progress
from flowersorter.messages import worded
from flowersorter.ui.shared.time_left import TimeLeft
from flowersorter.ui.shared.widgets import ShortenedLabel


class Until(Flag):
    """What ends a message besides the next one, because it may be true no longer then."""

    NEXT = 0
    ANSWER = auto()  # the person answers, undoes or redoes something
    SUGGESTIONS = auto()  # other suggestions are shown
    SCAN = auto()  # the folder was scanned again
    SELECTION = auto()  # the person selects photos


class StatusBar(QFrame):
    """Shows one job at a time, else a short message with up to two things to do about it.

    Signals:
        cancel_requested(): The person wants the job to stop.
    """

    cancel_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("job_bar")
        self.setAccessibleName(self.tr("Progress"))
        self._job_id = 0
        self._title = ""
        self._left = TimeLeft()
        self._deeds: list[Callable[[], None] | None] = [None, None]
        self._until = Until.NEXT
        self.title = ShortenedLabel(self)
        self.title.setObjectName("job_title")
        self.bar = QProgressBar(self)
        self.bar.setObjectName("job_progress")
        self.bar.setAccessibleName(self.tr("Progress of the job"))
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.bar.setMinimumWidth(80)
        self.bar.setMaximumWidth(360)
        self.left = QLabel(self)
        self.left.setObjectName("job_time_left")
        self.cancel = QPushButton(self.tr("Cancel"), self)
        self.cancel.setObjectName("job_cancel")
        self.cancel.setAccessibleName(self.tr("Cancel the job"))
        self.message = QLabel(self)
        self.message.setObjectName("message")
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.links = [QPushButton(self), QPushButton(self)]
        self._lay_out()
        self.cancel.clicked.connect(self._on_cancel)
        for number, link in enumerate(self.links):
            link.setObjectName(f"message_link_{number + 1}")
            link.setFlat(True)
            font = link.font()
            font.setUnderline(True)
            link.setFont(font)
            link.setCursor(Qt.CursorShape.PointingHandCursor)
        self.links[0].clicked.connect(self._on_first)
        self.links[1].clicked.connect(self._on_second)
        self.say("")

    def _lay_out(self) -> None:
        busy, quiet = QWidget(self), QWidget(self)
        for label in (self.title, self.message):
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(busy)
        row.setContentsMargins(12, 4, 8, 4)
        row.setSpacing(12)
        row.addWidget(self.title, 3)
        row.addWidget(self.bar, 4)
        row.addWidget(self.left)
        row.addWidget(self.cancel)
        row = QHBoxLayout(quiet)
        row.setContentsMargins(12, 4, 8, 4)
        row.setSpacing(8)
        row.addWidget(self.message, 1)
        for link in self.links:
            row.addWidget(link)
        self.pages = QStackedWidget(self)
        self.pages.addWidget(quiet)
        self.pages.addWidget(busy)
        outer = QHBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.pages)

    # -- a job

    @property
    def busy(self) -> bool:
        """Whether a job is shown."""
        return self.pages.currentIndex() == 1

    @Slot(int, str)
    def start(self, job_id: int, title: str) -> None:
        """A job began; one without a title is not shown."""
        if not title:
            return
        self._job_id, self._title, self._left = job_id, title, TimeLeft()
        self.title.setText(title)
        self.title.setToolTip(title)
        self.bar.setRange(0, 0)
        self.left.setText("")
        self.cancel.setEnabled(True)
        self.cancel.setText(self.tr("Cancel"))
        self.pages.setCurrentIndex(1)

    @Slot(int, object)
    def progress(self, job_id: int, progress: Progress) -> None:
        """A job came further."""
        if job_id != self._job_id:
            return
        text = stage = worded(progress.stage)
        if progress.total:
            self.bar.setRange(0, progress.total)
            self.bar.setValue(progress.done)
            text = self.tr("{0}: {1} of {2}").format(stage, progress.done, progress.total)
        else:
            self.bar.setRange(0, 0)
            if progress.done:
                text = self.tr("{0}: {1}").format(stage, progress.done)
        self.title.setText(text)
        self.left.setText(self._left.words(progress))

    @Slot(int)
    def end(self, job_id: int) -> None:
        """A job is over."""
        if job_id == self._job_id:
            self.bar.setRange(0, 1)  # an endless bar moves by a timer
            self.pages.setCurrentIndex(0)

    @Slot()
    def _on_cancel(self) -> None:
        self.cancel.setEnabled(False)
        self.cancel.setText(self.tr("Stopping…"))
        self.cancel_requested.emit()

    # -- a message

    def say(self, text: str, *deeds: tuple[str, Callable[[], None]], until: Until = Until.NEXT) -> None:
        """Show a message until the next one, with up to two things to do about it as (text, call).

        Args:
            text: The message.
            deeds: The things to do.
            until: What ends it, too: a sentence about the photos as they are must not outlive that.
        """
        self._until = until
        self.message.setText(text)
        self.message.setToolTip(text)
        for number, link in enumerate(self.links):
            there = number < len(deeds)
            link.setVisible(there)
            self._deeds[number] = deeds[number][1] if there else None
            if there:
                link.setText(deeds[number][0])
                link.setAccessibleName(deeds[number][0])

    @Slot(str)
    def ask_to_select(self, text: str) -> None:
        """Say which photos to select first, until some are."""
        self.say(text, until=Until.ANSWER | Until.SELECTION)

    def offer(self, text: str, deed: Callable[[], None]) -> None:
        """Offer one more thing to do beside the message that is shown."""
        there = [(link.text(), call) for link, call in zip(self.links, self._deeds, strict=True) if call is not None]
        self.say(self.message.text(), *there[: len(self.links) - 1], (text, deed), until=self._until)

    def end_message(self, happened: Until) -> None:
        """Take back a message that may be true no longer."""
        if happened & self._until:
            self.say("")

    @Slot()
    def _on_first(self) -> None:
        self._do(0)

    @Slot()
    def _on_second(self) -> None:
        self._do(1)

    def _do(self, number: int) -> None:
        deed = self._deeds[number]
        if deed is not None:
            deed()
