"""Lists the keywords that other programs gave the photos of the open folder, to choose those that become labels."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLocale
from PySide6.QtWidgets import QWidget

from flowersorter.messages import worded
from flowersorter.ui.keywords.choice_dialog import ChoiceDialog, LabelChoice
from flowersorter.workflows.exchange.keyword_labels import FoundKeyword, FoundKeywords


class TakeKeywordsDialog(ChoiceDialog):
    """A list of keywords with check boxes; those that name a class are checked. Lives in the GUI thread.

    Args:
        found: The keywords.
        parent: The window.
    """

    def __init__(self, found: FoundKeywords, parent: QWidget | None = None) -> None:
        super().__init__(
            "take_keywords",
            _tr("Labels from keywords"),
            _tr("Which keywords are classes? Labels that you gave stay, those of class folders follow."),
            _tr("Keyword"),
            map(_choice, found.keywords),
            _problems(found),
            parent,
        )
        self._class_of = {each.keyword: each.class_name or each.keyword for each in found.keywords}

    @property
    def chosen(self) -> dict[str, str]:
        """The class of each checked keyword."""
        return {name: self._class_of[name] for name in self.checked}


def _tr(text: str) -> str:
    return QCoreApplication.translate("TakeKeywordsDialog", text)


def _choice(found: FoundKeyword) -> LabelChoice:
    meant = found.class_name or _tr("New class “{0}”").format(found.keyword)
    checked = bool(found.class_name and found.unlabelled)
    return LabelChoice(found.keyword, meant, found.photos, found.unlabelled, checked)


def _problems(found: FoundKeywords) -> str:
    if not found.problems:
        return ""
    path, why = found.problems[0]
    said = _tr("{0} cannot be read: {1}.").format(path.name, worded(why))
    more = len(found.problems) - 1
    others = _tr("Other sidecar files that cannot be read: {0}.")
    return f"{said} {others.format(QLocale().toString(more))}" if more else said
