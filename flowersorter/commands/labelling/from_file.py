"""Labels photos with the classes that a file or folder of another program gives them: ``label PATH... --from FILE``."""

from __future__ import annotations

from collections import Counter

from flowersorter.commands.labelling.taken_labels import record_labelled, say_labelled
from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.folder_output import say_class_names
from flowersorter.commands.shared.output import Terminal, shown
from flowersorter.domain.export_format import LabelFormat
from flowersorter.messages import plural, stored, text
from flowersorter.photos.scan import absolute_roots
from flowersorter.workflows.exchange.label_import.label_photos import (
    FindLabelsRequest,
    FoundLabels,
    TakeLabelsRequest,
    find_labels,
    take_labels,
)
from flowersorter.workflows.exchange.label_import.match_photos import Unmatched
from flowersorter.workflows.exchange.label_import.take_labels import TakenLabels
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest
from flowersorter.workflows.predicting.settled_labels import predict_settled

_SHOWN = 10


def label_from_file(call: Call) -> int:
    """Scan folders and photos, and label those without a label; return 1 if the file names none of the photos.

    Raises:
        UserError: the file cannot be read; no photo was labelled.
        Cancelled: asked to stop; no photo was labelled.
    """
    options, terminal = call.options, call.terminal
    source = options.source.absolute()
    roots = absolute_roots(options.photos or [source if source.is_dir() else source.parent])
    form = None if options.format is None else LabelFormat(options.format)
    with call.engine() as engine, terminal.progress() as report:
        before = [entry.name for entry in engine.collection.classes.all()]
        predict_settled(engine, PredictFolderRequest(roots, options.device, options.backbone), report, call.cancel)
        found = find_labels(engine, FindLabelsRequest(source, roots, form), report, call.cancel)
        taken = take_labels(engine, TakeLabelsRequest(found), report, call.cancel)
    _record(terminal, found, taken)
    _say(terminal, found, taken)
    say_class_names(terminal, taken.labels.values(), before)
    return 0 if found.by_photo else 1


def _record(terminal: Terminal, found: FoundLabels, taken: TakenLabels) -> None:
    record_labelled(terminal, taken, found.paths, "labels_of")
    for name, why in found.unmatched.items():
        terminal.record({"name": name, "unmatched": why.value})
    reasons = Counter(found.unmatched.values())
    summary = {
        "format": found.format.value,
        "labels": found.photos,
        "labelled": len(taken.labels),
        "kept": taken.kept,
        "of_several_classes": len(taken.ambiguous),
        "not_found": reasons[Unmatched.NOT_FOUND],
        "outside": reasons[Unmatched.OUTSIDE],
        "of_several_photos": reasons[Unmatched.SEVERAL],
        "without_class": found.without_class,
        "refused_classes": [each.name for each in found.classes if each.refused],
    }
    terminal.record({"summary": summary})


def _say(terminal: Terminal, found: FoundLabels, taken: TakenLabels) -> None:
    say_labelled(terminal, taken)
    if taken.kept:
        terminal.say(
            plural("{number} photo keeps the label it has.", "{number} photos keep the labels they have.", taken.kept)
        )
    for path, names in taken.ambiguous[:_SHOWN]:
        classes = ", ".join(map(shown, names))
        terminal.say_of(path, text("not labelled, because it is given several classes: {names}", names=classes))
    for each in found.classes:
        if each.refused:
            terminal.say(
                text("Not a name for a class: {name} ({why})", name=shown(each.name), why=stored(each.refused))
            )
    for reason in Unmatched:
        _say_unmatched(terminal, [name for name, each in found.unmatched.items() if each is reason], reason)
    if not found.photos:
        terminal.note(text("There are no labels in it."))
    elif not found.by_photo:
        terminal.note(text("None of the labels match a photo here. Name the folder with the photos before --from."))


def _say_unmatched(terminal: Terminal, names: list[str], reason: Unmatched) -> None:
    for name in names[:_SHOWN]:
        terminal.say_of(name, reason.text)
    if len(names) > _SHOWN:
        terminal.say(text("and {count} more; use --json for all", count=len(names) - _SHOWN), indent=2)
