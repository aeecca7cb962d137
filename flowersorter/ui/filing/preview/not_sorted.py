"""Groups the photos that a plan leaves by their reasons."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Mapping, Sequence

from PySide6.QtCore import QCoreApplication, QLocale

from flowersorter.messages import worded
from flowersorter.sorting.plan import Skipped, SortPlan
from flowersorter.sorting.runs.packed import Chosen
from flowersorter.ui.shared.widgets import count_photos


def left_by_reason(plan: SortPlan) -> dict[str, Sequence[Skipped]]:
    """Return the photos that are not sorted, by reason in the person's language, the most frequent reason first."""
    reasons: dict[str, array[int]] = defaultdict(lambda: array("I"))
    for position, skipped in enumerate(plan.skipped):
        reasons[reason_and_detail(skipped)[0]].append(position)
    ordered = sorted(reasons.items(), key=lambda each: (-len(each[1]), each[0]))
    return {reason: Chosen(plan.skipped, positions) for reason, positions in ordered}


def reason_and_detail(skipped: Skipped) -> tuple[str, str]:
    """Split the reason from its detail: all "it cannot be read: ..." count as one reason."""
    reason, _, detail = worded(skipped.reason).partition(": ")
    return reason, detail


def not_sorted_sentence(left: Mapping[str, Sequence[Skipped]]) -> str:
    """Say how many photos are not sorted for each reason: "5 photos not sorted: 3 (it …), 2 (the …)."."""
    count = count_photos(sum(map(len, left.values())))
    if len(left) == 1:
        return _tr("{0} not sorted: {1}.").format(count, next(iter(left)))
    parts = (_tr("{0} ({1})").format(QLocale().toString(len(photos)), why) for why, photos in left.items())
    return _tr("{0} not sorted: {1}.").format(count, ", ".join(parts))


def _tr(text: str) -> str:
    return QCoreApplication.translate("not_sorted", text)
