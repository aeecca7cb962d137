"""The line above the large photo: class, verdict, per cent and runner-up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QIcon

from flowersorter.domain.photo_answers import Mark
from flowersorter.domain.verdict import Verdict
from flowersorter.messages import worded
from flowersorter.ui.grid.photo_model import ClassLook
from flowersorter.ui.inspector.prediction_bars import LEAST_SHOWN, whole_percent
from flowersorter.ui.shared import theme

if TYPE_CHECKING:
    from flowersorter.workflows.predicting.photo_details import PhotoDetails


def suggestion_line(described: str, known: PhotoDetails | None, classes: Mapping[int, ClassLook]) -> str:
    """Add per cent, runner-up and the reason to the description of a photo, as far as they are known.

    Args:
        described: Class and verdict, as on the tile.
        known: All that is known of the photo; None while it is loaded.
        classes: Names by class id.
    """
    if known is None or known.label is not None or known.answers.mark is Mark.NOT_MINE:
        return described
    if known.verdict is Verdict.UNKNOWN:
        return _tr("unknown: it doesn't match any of your classes")
    top = [(classes[class_id].name, p) for class_id, p in known.top if class_id in classes]
    if not top or known.verdict is Verdict.NONE:
        return described
    parts = [described]
    if known.has_percentages:
        parts.append(_tr("{0} %").format(whole_percent(top[0][1])))
        if len(top) > 1 and top[1][1] >= LEAST_SHOWN:
            parts.append(_tr("then {0}, {1} %").format(top[1][0], whole_percent(top[1][1])))
    if known.reason:
        parts.append(worded(known.reason))
    return " · ".join(parts)


def suggestion_icon(verdict: Verdict, *, labelled: bool, unreadable: bool) -> QIcon:
    """The icon beside the line, as on the tile."""
    if unreadable:
        return theme.UNREADABLE.icon
    return theme.CONFIRMED.icon if labelled else theme.verdict_style(verdict).icon


def _tr(text: str) -> str:
    return QCoreApplication.translate("SuggestionLine", text)
