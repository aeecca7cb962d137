"""Lists the classes that a file of another program gives the photos of the open folder, to choose those to take."""

from __future__ import annotations

from collections import Counter

from PySide6.QtCore import QCoreApplication, QLocale
from PySide6.QtWidgets import QWidget

from flowersorter.messages import worded
from flowersorter.ui.keywords.choice_dialog import ChoiceDialog, LabelChoice
from flowersorter.workflows.exchange.label_import.label_photos import FoundClass, FoundLabels
from flowersorter.workflows.exchange.label_import.match_photos import Unmatched


class TakeLabelsDialog(ChoiceDialog):
    """A list of classes with check boxes; those that can be taken are checked. Lives in the GUI thread.

    Args:
        found: The labels.
        source: The name of the file.
        parent: The window.
    """

    def __init__(self, found: FoundLabels, source: str, parent: QWidget | None = None) -> None:
        super().__init__(
            "take_labels",
            _tr("Labels from {0}").format(source),
            _tr("Which labels do you want to take? Labels that you gave stay, those of class folders follow."),
            _tr("Label"),
            map(_choice, found.classes),
            _problems(found),
            parent,
        )

    @property
    def chosen(self) -> frozenset[str]:
        """The classes that are checked, as they are written."""
        return frozenset(self.checked)


def _tr(text: str) -> str:
    return QCoreApplication.translate("TakeLabelsDialog", text)


def _choice(found: FoundClass) -> LabelChoice:
    if found.refused:
        meant = _tr("Cannot be a class: {0}").format(worded(found.refused))
        return LabelChoice(found.name, meant, found.photos, found.unlabelled, checked=False, possible=False)
    meant = found.class_name or _tr("New class “{0}”").format(found.name)
    return LabelChoice(found.name, meant, found.photos, found.unlabelled, bool(found.unlabelled))


def _problems(found: FoundLabels) -> str:
    number, reasons = QLocale().toString, Counter(found.unmatched.values())
    texts = {
        Unmatched.NOT_FOUND: _tr("Names that match no photo here: {0}."),
        Unmatched.OUTSIDE: _tr("Names that lead out of the open folder, and are left out: {0}."),
        Unmatched.SEVERAL: _tr("Names that match several photos: {0}."),
        Unmatched.OTHER_BYTES: _tr("Pictures that are the same file as no photo here: {0}."),
    }
    said = (
        [_tr("Photos that become not mine or not known: {0}.").format(number(len(found.marks)))] if found.marks else []
    )
    said += [text.format(number(reasons[why])) for why, text in texts.items() if reasons[why]]
    if found.without_class:
        said.append(_tr("Photos named without a class: {0}.").format(number(found.without_class)))
    said += [worded(why.sentence(left)) for why, left in found.left_out.items() if left]
    return " ".join(said)
