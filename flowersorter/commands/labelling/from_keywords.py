"""Labels photos with the keywords that other programs gave them: ``label PATH... --from-keywords``."""

from __future__ import annotations

from flowersorter.commands.labelling.taken_labels import record_labelled, say_how_to_undo, say_labelled, say_more
from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.json_lines import unreadable_line
from flowersorter.commands.shared.output import Terminal, shown
from flowersorter.messages import plural, stored, text
from flowersorter.photos.scan import absolute_roots
from flowersorter.workflows.exchange.keyword_labels import (
    FindKeywordsRequest,
    FoundKeywords,
    TakeKeywordsRequest,
    find_keywords,
    take_keywords,
)
from flowersorter.workflows.exchange.label_import.take_labels import TakenLabels
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest
from flowersorter.workflows.predicting.settled_labels import predict_settled

_SHOWN = 20


def label_from_keywords(call: Call) -> int:
    """Scan folders and photos, and label those without a person's label; return 1 if no photo has one of the keywords.

    Raises:
        ClassRefused: a keyword cannot be the name of a class; no photo was labelled.
        Cancelled: asked to stop; no photo was labelled.
    """
    options, terminal = call.options, call.terminal
    chosen = {keyword: keyword for keyword in options.from_keywords} or None
    roots = absolute_roots(options.photos)
    with call.engine() as engine, terminal.progress() as report:
        predict_settled(engine, PredictFolderRequest(roots, options.device, options.backbone), report, call.cancel)
        found = find_keywords(engine, FindKeywordsRequest(roots), report, call.cancel)
        taken = take_keywords(engine, TakeKeywordsRequest(found, chosen), report, call.cancel)
    record_labelled(terminal, taken, found.paths, "keywords_of")
    for path, why in found.problems:
        terminal.record(unreadable_line(path, why))
    summary = {
        "photos": found.photos,
        "labelled": len(taken.labels),
        "replaced": taken.replaced,
        "kept": taken.kept,
        "of_several_classes": len(taken.ambiguous),
        "keywords": {each.keyword: each.photos for each in found.keywords},
    }
    terminal.record({"summary": summary})
    _say(terminal, found, taken)
    return 0 if taken.labels or taken.kept or taken.ambiguous else 1


def _say(terminal: Terminal, found: FoundKeywords, taken: TakenLabels) -> None:
    say_labelled(terminal, taken)
    if taken.kept:
        terminal.say(
            plural(
                "{number} photo with such a keyword keeps its label or answer.",
                "{number} photos with such a keyword keep their labels or answers.",
                taken.kept,
            )
        )
    for path, names in taken.ambiguous[:_SHOWN]:
        classes = ", ".join(map(shown, names))
        terminal.say_of(path, text("not labelled, because its keywords are of several classes: {names}", names=classes))
    say_more(terminal, taken.ambiguous, _SHOWN)
    for path, why in found.problems[:_SHOWN]:
        terminal.say_of(path, stored(why), indent=2)
    say_more(terminal, found.problems, _SHOWN)
    say_how_to_undo(terminal, taken)
    if taken.labels or taken.kept or taken.ambiguous:
        return
    if not found.keywords:
        terminal.note(text("None of the photos has a keyword."))
        return
    terminal.note(text("None of the keywords found is one of the classes. The most frequent ones:"))
    for each in found.keywords[:_SHOWN]:
        terminal.note(
            plural("{keyword}: {number} photo", "{keyword}: {number} photos", each.photos, keyword=shown(each.keyword))
        )
    terminal.note(text("To label with some of them: flowersorter label PATH --from-keywords KEYWORD"))
