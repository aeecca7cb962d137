"""The verb label: predict every photo of a folder."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from flowersorter.commands.context import Call
from flowersorter.commands.json_lines import label_lines, lost_photos
from flowersorter.commands.output import Terminal, counted, shown
from flowersorter.domain.verdict import Verdict
from flowersorter.library.collection import CollectionStore
from flowersorter.photos.scan import looks_like_photo
from flowersorter.workflows.models.current_model import chosen_backbone
from flowersorter.workflows.predicting.imagenet_names import strangers
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, PredictFolderResult, label

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

UNREADABLE_SHOWN, LIKENESSES_SHOWN = 10, 8


def run(call: Call) -> int:
    """Predict the photos and list them."""
    with call.engine() as engine:
        result = label_folder(call, engine)
        names = {entry.id: entry.name for entry in engine.collection.classes.all()}
        likely = strangers(engine, result.rows, call.options.backbone)
        for line in label_lines(result, names, likely, labels_count=False):
            call.terminal.record(line)
        if not len(result.rows):
            say_no_photos(call, result)
        elif not call.terminal.as_json:
            _say_summary(call, engine.collection, result, names, likely)
    return 0


def label_folder(call: Call, engine: Engine) -> PredictFolderResult:
    """Scan, read and predict with a progress bar; folders that cannot be entered are noted on stderr."""
    options = call.options
    request = PredictFolderRequest(options.folder, options.device, options.backbone)
    with call.terminal.progress() as report:
        result = label(engine, request, report, call.cancel)
    for path, reason in result.problems:
        if not looks_like_photo(path):
            call.terminal.note(f"{shown(path)}: {reason}")
    return result


def _say_summary(
    call: Call, collection: CollectionStore, result: PredictFolderResult, names: dict[int, str], likely: dict[int, str]
) -> None:
    terminal, rows = call.terminal, result.rows
    readable = int(np.count_nonzero(rows.photo_ids))
    terminal.say(
        f"{counted(readable, 'photo')} in {shown(call.options.folder.absolute())}: "
        f"{result.decoded} read now, {max(0, readable - result.decoded)} known before"
    )
    terminal.say()
    if readable:
        _say_classes(terminal, result, names)
        _say_strangers(terminal, likely)
    say_missing_model(call, collection, result)
    labelled = int(np.count_nonzero(rows.label_ids))
    if labelled:
        terminal.say(
            f"{counted(labelled, 'photo')} with a label from you or its class folder; sorting goes by the label."
        )
    say_unreadable(terminal, (*result.unreadable, *lost_photos(result)))
    _say_left_out(terminal, result)


def _say_left_out(terminal: Terminal, result: PredictFolderResult) -> None:
    if result.skipped:
        terminal.say("Left out: " + ", ".join(f"{number} {kind}" for kind, number in sorted(result.skipped.items())))


def say_no_photos(call: Call, result: PredictFolderResult) -> None:
    """Tell that there is nothing to do, and what the folder holds instead."""
    call.terminal.say(f"There are no photos in {shown(call.options.folder.absolute())}.")
    _say_left_out(call.terminal, result)


def say_missing_model(call: Call, collection: CollectionStore, result: PredictFolderResult) -> None:
    """Tell what to do where no model speaks for the backbone."""
    if result.guesses is None and result.rows.photo_ids.any():
        name = chosen_backbone(collection, call.options.backbone)
        call.terminal.say(f"No model for {name} yet: make one with flowersorter train FOLDER --backbone {name}")


def _say_classes(terminal: Terminal, result: PredictFolderResult, names: dict[int, str]) -> None:
    """A table of classes by verdict, then what belongs to no class."""
    rows = result.rows
    table = [["class", "sure", "probably", "not sure", "all"]]
    shown_verdicts = (Verdict.SURE, Verdict.PROBABLE, Verdict.UNSURE)
    for class_id, name in names.items():
        counts = [int(np.count_nonzero((rows.class_ids == class_id) & (rows.verdicts == v))) for v in shown_verdicts]
        if sum(counts):
            table.append([shown(name), *map(str, counts), str(sum(counts))])
    new = int(np.count_nonzero(rows.verdicts == Verdict.NEW))
    unpredicted = int(np.count_nonzero((rows.photo_ids > 0) & (rows.verdicts == Verdict.NONE)))
    for title, number in (("new to me", new), ("no guess yet", unpredicted)):
        if number:
            table.append([title, "", "", "", str(number)])
    terminal.say_table(table, right=(1, 2, 3, 4), indent=2)
    terminal.say()


def _say_strangers(terminal: Terminal, likely: dict[int, str]) -> None:
    """What the photos that are new look like, the most frequent first."""
    if not likely:
        return
    kinds = sorted(Counter(likely.values()).items(), key=lambda kind: (-kind[1], kind[0]))
    parts = [f"{number} × {name}" if number > 1 else name for name, number in kinds[:LIKENESSES_SHOWN]]
    more = len(kinds) - LIKENESSES_SHOWN
    rest = f" and {counted(more, 'other thing')}" if more > 0 else ""
    terminal.say(f"What is new looks like: {', '.join(parts)}{rest}.")


def say_unreadable(terminal: Terminal, unreadable: tuple[tuple[Path, str], ...]) -> None:
    """List the first unreadable photos with their reasons."""
    if not unreadable:
        return
    terminal.say(f"{counted(len(unreadable), 'photo')} could not be read:")
    for path, reason in unreadable[:UNREADABLE_SHOWN]:
        terminal.say(f"  {shown(path)}: {reason}")
    more = len(unreadable) - UNREADABLE_SHOWN
    if more > 0:
        terminal.say(f"  and {more} more; use --json for all")
