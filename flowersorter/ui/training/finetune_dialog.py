"""The finetuning dialog: stages and epochs to train; the accuracy curve while it runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QCoreApplication, QLocale, Signal, Slot
from PySide6.QtWidgets import QButtonGroup, QDialog, QHBoxLayout, QLabel, QSpinBox, QVBoxLayout, QWidget

from flowersorter.domain.figures import Epoch
from flowersorter.jobs import Progress
from flowersorter.messages import worded
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.charts.chart import Chart
from flowersorter.ui.shared.indicators import RadioButton
from flowersorter.ui.shared.widgets import (
    Message,
    button,
    button_row,
    column_of,
    count_photos,
    describe,
    open_at,
    text_label,
)
from flowersorter.workflows.evaluation.charts.builders import epoch_scene
from flowersorter.workflows.training.finetune import EPOCHS, STAGES
from flowersorter.workflows.training.finetuned_model import ENOUGH_LABELS

_MOST_EPOCHS = 100
_MINUTE_S, _HOUR_S = 60, 3600

#: Returns the approximate seconds of a training by the number of stages and of epochs.
Estimate = Callable[[int, int], float]


class FinetuneDialog(QDialog):
    """Asks for the options of a training, and shows its progress. Lives in the GUI thread.

    Closing it leaves a training running; it can be opened again.

    Args:
        photos: Number of labelled photos.
        estimate: Estimates the duration of a training.
        parent: The window.

    Signals:
        start_requested(unfreeze, epochs): Train.
        stop_requested(): Stop, and keep the last finished epoch.
    """

    start_requested = Signal(int, int)
    stop_requested = Signal()

    def __init__(self, photos: int, estimate: Estimate, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("deep_dialog")
        self.setWindowTitle(self.tr("Train thoroughly"))
        self._photos, self._estimate = photos, estimate
        self._epochs: list[Epoch] = []
        self._running = False
        self._build()
        self._lay_out()
        self._on_choice()
        open_at(self, letters=92, lines=42, least=(76, 41))

    # -- layout

    def _build(self) -> None:
        self.what = text_label(
            self,
            "deep_what",
            self.tr(
                "Retrain only adjusts the last layer. This trains the image network itself: it studies your photos "
                "many times with small variations. It takes minutes instead of seconds, and with many photos often "
                "gives a bit more accuracy. Some photos are set aside to see whether it does, else the old model stays."
            ),
            muted=True,
        )
        self.stages = QButtonGroup(self)
        self._radios: list[QWidget] = []
        for unfreeze, (text, why) in zip(STAGES, self._choices(), strict=True):
            radio = RadioButton(text, self)
            radio.setObjectName(f"deep_unfreeze_{unfreeze}")
            describe(radio, text, why)
            radio.setChecked(unfreeze == 1)
            self.stages.addButton(radio, unfreeze)
            self._radios += [radio, text_label(self, f"deep_why_{unfreeze}", why, muted=True)]
        self.epochs = QSpinBox(self)
        self.epochs.setObjectName("deep_epochs")
        self.epochs.setRange(1, _MOST_EPOCHS)
        self.epochs.setValue(EPOCHS)
        describe(self.epochs, self.tr("Epochs"), self.tr("Passes over the photos"))
        self.epochs_label = QLabel(self.tr("&Passes over the photos (epochs):"), self)
        self.epochs_label.setBuddy(self.epochs)
        self.duration = text_label(self, "deep_duration")
        self.chart = Chart("epoch_chart", epoch_scene((), EPOCHS), self)
        self.news = text_label(self, "deep_news")
        self.message = Message(self, "deep_message")
        self.start = button(self, "deep_start", self.tr("&Start"), self.tr("Train the network on your photos"))
        self.stop = button(
            self, "deep_stop", self.tr("S&top"), self.tr("Stop now and keep the last epoch that is over")
        )
        self.close_button = button(self, "deep_close", self.tr("&Close"))
        self.start.setDefault(True)
        self.stages.idToggled.connect(self._on_choice)
        self.epochs.valueChanged.connect(self._on_choice)
        self.start.clicked.connect(self._on_start)
        self.stop.clicked.connect(self._on_stop)
        self.close_button.clicked.connect(self.close)
        self._enable()

    def _choices(self) -> Sequence[tuple[str, str]]:
        return (
            (self.tr("Only the &final layer"), self.tr("The network is not changed. Seldom better than Retrain.")),
            (self.tr("Also the &last stage of the network"), self.tr("Usually best: about 2 % more accurate.")),
            (
                self.tr("Also the last &two stages of the network"),
                self.tr("Takes twice as long. Worth it for unusual subjects with a few hundred photos per class."),
            ),
        )

    def _lay_out(self) -> None:
        column = column_of(self)
        column.addWidget(self.what)
        choices = QVBoxLayout()
        choices.setSpacing(theme.SMALL_GAP_PX)
        for widget in self._radios:
            line = QHBoxLayout()
            if isinstance(widget, QLabel):
                line.addSpacing(theme.LARGE_GAP_PX + theme.GAP_PX)
            line.addWidget(widget, 1)
            choices.addLayout(line)
        column.addLayout(choices)
        row = QHBoxLayout()
        row.setSpacing(theme.GAP_PX)
        row.addWidget(self.epochs_label)
        row.addWidget(self.epochs)
        row.addStretch(1)
        column.addLayout(row)
        column.addWidget(self.duration)
        column.addWidget(self.chart, 1)
        column.addWidget(self.news)
        column.addWidget(self.message)
        column.addLayout(button_row([self.stop], [self.start, self.close_button]))

    # -- input

    @property
    def unfreeze(self) -> int:
        """Number of stages to train besides the final layer."""
        return self.stages.checkedId()

    @Slot()
    def _on_choice(self) -> None:
        words = duration_in_words(self._estimate(self.unfreeze, self.epochs.value()))
        duration = self.tr("{0} for {1}").format(words, count_photos(self._photos))
        if self._photos < ENOUGH_LABELS:
            few = self.tr("Too few to show that it helps: it needs about {0}, and the model in use stays.")
            duration = f"{duration}. {few.format(ENOUGH_LABELS)}"
        self.duration.setText(duration)
        if not self._running:
            self.chart.show_scene(epoch_scene((), self.epochs.value()))

    @Slot()
    def _on_start(self) -> None:
        self.start_requested.emit(self.unfreeze, self.epochs.value())

    @Slot()
    def _on_stop(self) -> None:
        self.stop.setEnabled(False)
        self.news.setText(self.tr("Stopping…"))
        self.stop_requested.emit()

    # -- progress

    def begin(self) -> None:
        """Show that a training began."""
        self._running, self._epochs = True, []
        self.message.say("")
        self.news.setText(self.tr("Getting ready…"))
        self.chart.show_scene(epoch_scene((), self.epochs.value()))
        self._enable()

    def show_progress(self, progress: Progress) -> None:
        """Show the progress of the epoch; nothing after a stop was requested."""
        if not self._running or not self.stop.isEnabled():
            return
        if progress.total:
            self.news.setText(self.tr("{0}: {1} of {2}").format(worded(progress.stage), progress.done, progress.total))
        else:
            self.news.setText(worded(progress.stage))

    def show_epoch(self, epoch: Epoch) -> None:
        """Show a finished epoch."""
        self._epochs.append(epoch)
        self.chart.show_scene(epoch_scene(self._epochs, epoch.of))
        self.stop.setText(self.tr("S&top and keep the best epoch") if epoch.number else self.tr("S&top"))

    def end(self, text: str, *, warning: bool = False) -> None:
        """Show that the training ended.

        Args:
            text: The result, or the reason for none.
            warning: Whether something went wrong.
        """
        self._running = False
        self.news.setText("")
        self.message.say(text, warning=warning)
        self.stop.setText(self.tr("S&top"))
        self._enable()

    def _enable(self) -> None:
        for widget in (*self.stages.buttons(), self.epochs, self.epochs_label, self.start):
            widget.setEnabled(not self._running)
        self.stop.setEnabled(self._running)
        self.news.setVisible(self._running)


def duration_in_words(seconds: float) -> str:
    """Describe the estimated duration in words."""

    def tr(text: str) -> str:
        return QCoreApplication.translate("DeepDialog", text)

    if seconds < _MINUTE_S:
        return tr("Takes less than a minute")
    if seconds < 1.5 * _MINUTE_S:
        return tr("Takes about a minute")
    if seconds < _HOUR_S:
        return tr("Takes about {0} minutes").format(round(seconds / _MINUTE_S))
    return tr("Takes about {0} hours").format(QLocale().toString(seconds / _HOUR_S, "f", 1))
