"""Labels photos with the classes that a file or folder of another program gives them: ``label PATH... --from FILE``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from flowersorter.commands.labelling.taken_labels import record_labelled, say_how_to_undo, say_labelled, say_more
from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.folder_output import say_class_names
from flowersorter.commands.shared.output import Terminal, named, shown
from flowersorter.domain.export_format import LabelFormat
from flowersorter.messages import plural, stored, text
from flowersorter.photos.scan import absolute_roots
from flowersorter.workflows.exchange.label_import.label_photos import (
    FindLabelsRequest,
    FoundLabels,
    TakeLabelsRequest,
    find_labels,
    given_in,
    take_labels,
)
from flowersorter.workflows.exchange.label_import.match_photos import Unmatched
from flowersorter.workflows.exchange.label_import.photo_archive import PACKED_SUFFIXES
from flowersorter.workflows.exchange.label_import.take_labels import TakenLabels
from flowersorter.workflows.exchange.label_import.unpack_pictures import UnpackRequest, unpack_pictures
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest
from flowersorter.workflows.predicting.settled_labels import predict_settled

_SHOWN = 10
#: Of a name that cannot be that of a class: a whole table may be one.
_MOST_CHARS = 120


def label_from_file(call: Call) -> int:
    """Scan folders and photos, and label those without a person's label; return 1 if the file names none of them.

    Raises:
        UserError: the file cannot be read; no photo was labelled.
        Cancelled: asked to stop; no photo was labelled.
    """
    options, terminal = call.options, call.terminal
    source = options.source.absolute()
    beside = source if source.is_dir() else source.parent
    roots = absolute_roots(list(options.photos) or ([] if options.unpack else [beside]))
    form = None if options.format is None else LabelFormat(options.format)
    unpacked: dict[str, Any] = {}
    with call.engine() as engine, terminal.progress() as report:
        before = [entry.name for entry in engine.collection.classes.all()]
        given = given_in(source, form, report, call.cancel)
        if options.unpack is not None:
            request = UnpackRequest(source, options.unpack)
            pictures = unpack_pictures(engine, request, report, call.cancel)
            unpacked = {"unpacked": pictures.number}
            given = given.without_damaged(pictures.damaged)
            roots = absolute_roots([*roots, options.unpack])
        predict_settled(engine, PredictFolderRequest(roots, options.device, options.backbone), report, call.cancel)
        found = find_labels(engine, FindLabelsRequest(source, roots, form, given), report, call.cancel)
    if not _agreed(call, found):
        terminal.say(text("Nothing was labelled."))
        return 0
    with call.engine() as engine, terminal.progress() as report:
        taken = take_labels(engine, TakeLabelsRequest(found), report, call.cancel)
    _record(terminal, found, taken, unpacked)
    if unpacked:
        terminal.say(
            plural(
                "{number} picture unpacked into {folder}.",
                "{number} pictures unpacked into {folder}.",
                unpacked["unpacked"],
                folder=shown(options.unpack.absolute()),
            )
        )
    _say(terminal, found, taken, is_packed=not unpacked and source.suffix.lower() in PACKED_SUFFIXES)
    say_class_names(terminal, taken.labels.values(), before)
    return 0 if found.by_photo or found.marks else 1


def _agreed(call: Call, found: FoundLabels) -> bool:
    """Ask at a terminal before folders become new classes: not every folder was meant as one.

    Raises:
        Cancelled: Ctrl+C.
    """
    new = [each.name for each in found.classes if not each.class_name and not each.refused]
    if found.format is not LabelFormat.FOLDERS or not new or not call.terminal.interactive or call.terminal.as_json:
        return True
    names = named(new[:_SHOWN]) + (", …" if len(new) > _SHOWN else "")
    question = plural(
        "{number} folder becomes a new class: {names}. Is that right?",
        "{number} folders become new classes: {names}. Is that right?",
        len(new),
        names=names,
    )
    agreed = call.terminal.ask(question)
    call.cancel.check()
    return agreed


def _record(terminal: Terminal, found: FoundLabels, taken: TakenLabels, unpacked: Mapping[str, Any]) -> None:
    record_labelled(terminal, taken, found.paths, "labels_of")
    for name, why in found.unmatched.items():
        terminal.record({"name": name, "unmatched": why.value})
    reasons = Counter(found.unmatched.values())
    summary = {
        "format": found.format.value,
        "labels": found.photos,
        "labelled": len(taken.labels),
        "answered": len(taken.marks),
        "replaced": taken.replaced,
        "kept": taken.kept,
        "kept_by_folder": taken.by_folder,
        "of_several_classes": len(taken.ambiguous),
        "not_found": reasons[Unmatched.NOT_FOUND],
        "outside": reasons[Unmatched.OUTSIDE],
        "of_several_photos": reasons[Unmatched.SEVERAL],
        "of_other_bytes": reasons[Unmatched.OTHER_BYTES],
        "without_class": found.without_class,
        "left_out": {why.value: number for why, number in found.left_out.items() if number},
        "refused_classes": [each.name for each in found.classes if each.refused],
    }
    terminal.record({"summary": {**summary, **unpacked}})


def _say(terminal: Terminal, found: FoundLabels, taken: TakenLabels, *, is_packed: bool) -> None:
    say_labelled(terminal, taken)
    if taken.by_folder:
        terminal.say(
            plural(
                "{number} photo has this label already, from its class folder.",
                "{number} photos have these labels already, from their class folders.",
                taken.by_folder,
            )
        )
    if kept := taken.kept - taken.by_folder:
        terminal.say(
            plural("{number} photo keeps its label or answer.", "{number} photos keep their labels or answers.", kept)
        )
    for path, names in taken.ambiguous[:_SHOWN]:
        classes = named(names[:_SHOWN])
        terminal.say_of(path, text("not labelled, because it is given several classes: {names}", names=classes))
    say_more(terminal, taken.ambiguous, _SHOWN)
    refused = [each for each in found.classes if each.refused]
    for each in refused[:_SHOWN]:
        name = each.name if len(each.name) <= _MOST_CHARS else f"{each.name[:_MOST_CHARS]}…"
        terminal.say(text("Not a name for a class: {name} ({why})", name=shown(name), why=stored(each.refused)))
    say_more(terminal, refused, _SHOWN)
    for reason in Unmatched:
        _say_unmatched(terminal, [name for name, each in found.unmatched.items() if each is reason], reason)
    if found.without_class:
        terminal.say(
            plural(
                "{number} photo is named without a class.",
                "{number} photos are named without a class.",
                found.without_class,
            )
        )
    for why, number in found.left_out.items():
        if number:
            terminal.say(why.sentence(number))
    say_how_to_undo(terminal, taken)
    if not found.photos and not found.left_out:
        terminal.note(text("There are no labels in it."))
    elif found.by_photo or found.marks:
        return
    elif is_packed:
        terminal.note(
            text(
                "None of the pictures in it is a photo here: an archive often has smaller copies, as Teachable Machine "
                "keeps them. To unpack them into class folders, and label them there: add --unpack FOLDER"
            )
        )
    else:
        terminal.note(text("None of the labels match a photo here. Name the folder with the photos before --from."))


def _say_unmatched(terminal: Terminal, names: list[str], reason: Unmatched) -> None:
    for name in names[:_SHOWN]:
        terminal.say_of(name, reason.text)
    say_more(terminal, names, _SHOWN)
