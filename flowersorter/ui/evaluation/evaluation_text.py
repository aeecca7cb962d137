"""An evaluation in a sentence or two, without statistical terms."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLocale

from flowersorter.messages import worded
from flowersorter.ui.shared.widgets import count_photos
from flowersorter.workflows.evaluation.evaluate import Evaluation


class EvaluationText:
    """The sentences.

    Attributes:
        headline: The accuracy with its 95 % interval.
        how: How it was measured, and on how many photos.
    """

    def __init__(self, evaluation: Evaluation) -> None:
        self.headline = self._headline(evaluation)
        self.how = self._how(evaluation)

    def _headline(self, evaluation: Evaluation) -> str:
        right, low, high = (round(100 * share) for share in (evaluation.accuracy, *evaluation.interval))
        text = _tr("Accuracy about {0} % (between {1} and {2} %)")
        return text.format(right, low, high)

    def _how(self, evaluation: Evaluation) -> str:
        number = QLocale().toString
        parts = [
            _tr("Measured on {0}.").format(worded(evaluation.how)),
            _tr("{0} of {1} were right.").format(number(int(evaluation.right.sum())), number(evaluation.photos)),
        ]
        if evaluation.unreadable:
            parts.append(_tr("{0} could not be read.").format(count_photos(len(evaluation.unreadable))))
        return " ".join(parts)


def _tr(text: str) -> str:
    return QCoreApplication.translate("EvaluationText", text)
