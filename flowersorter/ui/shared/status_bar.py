"""The status bar: the running job with progress and time left; a new message beside it; at rest the last message."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from enum import Flag, auto

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QWidget

from flowersorter.jobs import Progress
from flowersorter.messages import worded
from flowersorter.ui.shared.announcement import announce
from flowersorter.ui.shared.time_left import TimeLeft
from flowersorter.ui.shared.widgets import ShortenedLabel, show_share

#: How long a message is shown beside the progress of a job; then the progress fills the bar until the job ends.
READ_MS = 12_000
_BAR_PX, _NARROW_BAR_PX = 360, 80


class Until(Flag):
    """The events, besides the next message, that remove a message because it may not be true any more."""

    NEXT = 0
    ANSWER = auto()  # the person answers, undoes or redoes something
    SUGGESTIONS = auto()  # other suggestions are shown
    SCAN = auto()  # the folder was scanned again
    SELECTION = auto()  # the person selects photos


class StatusBar(QFrame):
    """Shows one job at a time, else a short message with up to two actions.

    A new message, such as the answer to a key, is shown also while a job runs: it replaces the job's title.

    Signals:
        cancel_requested(): Cancel the job.
    """

    cancel_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("job_bar")
        self.setAccessibleName(self.tr("Progress"))
        self._job_id, self._busy = 0, False
        self._said_s = 0.0  # monotonic
        self._read_timer = QTimer(self, singleShot=True)  # runs while a message is shown beside a job
        self._read_timer.timeout.connect(self._on_read)
        self._title = ""
        self._left = TimeLeft()
        self._actions: list[Callable[[], None] | None] = [None, None]
        self._until = Until.NEXT
        self.title = ShortenedLabel(self)
        self.title.setObjectName("job_title")
        self.bar = QProgressBar(self)
        self.bar.setObjectName("job_progress")
        self.bar.setAccessibleName(self.tr("Progress of the job"))
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.bar.setMinimumWidth(_NARROW_BAR_PX)
        self.left = QLabel(self)
        self.left.setObjectName("job_time_left")
        self.cancel = QPushButton(self.tr("Cancel"), self)
        self.cancel.setObjectName("job_cancel")
        self.cancel.setAccessibleName(self.tr("Cancel the job"))
        self.message = ShortenedLabel(self)
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
        for label in (self.title, self.message):
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 4, 8, 4)
        row.setSpacing(12)
        row.addStrut(self.cancel.sizeHint().height())  # the bar is as high at rest as with a job
        row.addWidget(self.message, 1)
        for link in self.links:
            row.addWidget(link)
        row.addWidget(self.title, 3)
        row.addWidget(self.bar, 4)
        row.addWidget(self.left)
        row.addWidget(self.cancel)

    def _arrange(self) -> None:
        """Show the job, the message, or both."""
        is_read = not self._busy or self._read_timer.isActive()
        self.message.setVisible(is_read)
        for link, action in zip(self.links, self._actions, strict=True):
            link.setVisible(is_read and action is not None)
        self.title.setVisible(not is_read)
        self.left.setVisible(not is_read)
        self.bar.setMaximumWidth(_NARROW_BAR_PX if is_read else _BAR_PX)
        self.bar.setVisible(self._busy)
        self.cancel.setVisible(self._busy)

    def _begin_to_read(self) -> None:
        """Show the message beside the job for the rest of its time."""
        left_ms = READ_MS - round(1000 * (time.monotonic() - self._said_s))
        if self._busy and self.message.text() and left_ms > 0:
            self._read_timer.start(left_ms)
        else:
            self._read_timer.stop()
        self._arrange()

    # -- a job

    @property
    def busy(self) -> bool:
        """Whether a job is shown."""
        return self._busy

    @Slot(int, str)
    def start(self, job_id: int, title: str) -> None:
        """Show a job that began; one without a title is not shown."""
        if not title:
            return
        self._job_id, self._title, self._left = job_id, title, TimeLeft()
        self._title_job(title)
        self.bar.setRange(0, 0)
        self.left.setText("")
        self.cancel.setEnabled(True)
        self.cancel.setText(self.tr("Cancel"))
        self._busy = True
        self._begin_to_read()

    @Slot(int, object)
    def progress(self, job_id: int, progress: Progress) -> None:
        """Show the progress of a job."""
        if job_id != self._job_id:
            return
        text = stage = worded(progress.stage)
        if progress.total:
            show_share(self.bar, progress.done, progress.total)
            text = self.tr("{0}: {1} of {2}").format(stage, progress.done, progress.total)
        else:
            self.bar.setRange(0, 0)
            if progress.done:
                text = self.tr("{0}: {1}").format(stage, progress.done)
        self._title_job(text)
        self.left.setText(self._left.words(progress))

    @Slot(int)
    def end(self, job_id: int) -> None:
        """Hide a job that ended."""
        if job_id == self._job_id:
            self.bar.setRange(0, 1)  # an endless bar moves by a timer
            self._busy = False
            self._begin_to_read()

    @Slot()
    def _on_read(self) -> None:
        """Remove the message, unless one of its links has the focus, which would move on to Cancel."""
        if self.underMouse() or any(link.hasFocus() for link in self.links):
            self._read_timer.start(READ_MS)
        else:
            self._arrange()

    def _title_job(self, text: str) -> None:
        self.title.setText(text)
        self.title.setToolTip(text)
        self.bar.setToolTip(text)

    @Slot()
    def _on_cancel(self) -> None:
        self.cancel.setEnabled(False)
        self.cancel.setText(self.tr("Stopping…"))
        self.cancel_requested.emit()

    # -- a message

    def say(self, text: str, *actions: tuple[str, Callable[[], None]], until: Until = Until.NEXT) -> None:
        """Show a message until the next one, with up to two actions as (text, call).

        Args:
            text: The message.
            actions: The actions.
            until: Further events that remove it: a message about the present photos must not outlive them.
        """
        self._show(text, actions, until)
        announce(self, text)

    def _show(self, text: str, actions: Sequence[tuple[str, Callable[[], None]]], until: Until) -> None:
        self._until, self._said_s = until, time.monotonic()
        self.message.setText(text)
        self.message.setToolTip(text)
        for number, link in enumerate(self.links):
            there = number < len(actions)
            self._actions[number] = actions[number][1] if there else None
            if there:
                link.setText(actions[number][0])
                link.setAccessibleName(actions[number][0])
        self._begin_to_read()

    @Slot(str)
    def ask_to_select(self, text: str) -> None:
        """Ask to select photos first; removed when some are selected."""
        self.say(text, until=Until.ANSWER | Until.SELECTION)

    def offer(self, text: str, action: Callable[[], None]) -> None:
        """Add an action to the present message."""
        there = [(link.text(), call) for link, call in zip(self.links, self._actions, strict=True) if call is not None]
        self._show(self.message.text(), [*there[: len(self.links) - 1], (text, action)], self._until)
        announce(self, text)

    def take_back(self, text: str) -> None:
        """Remove an action from the present message; nothing if it is not there any more."""
        there = [(link.text(), call) for link, call in zip(self.links, self._actions, strict=True) if call is not None]
        left = [action for action in there if action[0] != text]
        if len(left) < len(there):
            self._show(self.message.text(), left, self._until)

    def end_message(self, happened: Until) -> None:
        """Remove a message that may not be true any more."""
        if happened & self._until:
            self.say("")

    @Slot()
    def _on_first(self) -> None:
        self._do(0)

    @Slot()
    def _on_second(self) -> None:
        self._do(1)

    def _do(self, number: int) -> None:
        action = self._actions[number]
        if action is not None:
            action()
