"""The verbs models, export and import: which models there are, what sets them apart, and taking one elsewhere."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from flowersorter.commands.context import Call
from flowersorter.commands.output import NOTHING, Terminal, counted, percent, shown
from flowersorter.errors import UserError
from flowersorter.library.collection import CollectionStore
from flowersorter.workflows.evaluation.compare_models import (
    CompareRequest,
    compare,
    delete_model,
    name_model,
    prune_models,
)
from flowersorter.workflows.exchange.export_model import ExportRequest, export_model
from flowersorter.workflows.exchange.import_model import ImportRequest, ImportResult, import_model
from flowersorter.workflows.models.current_model import list_models, starter, use_model

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

STARTER = "starter"


def run(call: Call) -> int:
    """Do what is asked for, then list the models."""
    if call.options.compare:
        return _run_compare(call)
    with call.engine() as engine:
        _tidy(call, engine)
        entries = _entries(engine.collection)
    for entry in entries:
        call.terminal.record(entry)
    _say(call.terminal, entries)
    return 0


def _tidy(call: Call, engine: Engine) -> None:
    options = call.options
    if options.use is not None:
        use_model(engine.collection, _number(options.use))
    elif options.note:
        model_id, note = options.note
        if not model_id.isdecimal():
            raise UserError(f"There is no model {shown(model_id)}", "models have numbers", "List them with models")
        name_model(engine.collection, int(model_id), note)
    elif options.delete is not None:
        delete_model(engine, options.delete)
    elif options.prune is not None:
        gone = prune_models(engine, options.prune)
        call.terminal.say(f"Removed {counted(len(gone), 'model')}.")


def _number(wanted: str | int) -> int | None:
    return None if isinstance(wanted, str) else wanted


def _run_compare(call: Call) -> int:
    """Tell what changes from one model to another."""
    older, newer = call.options.compare
    with call.engine() as engine, call.terminal.progress() as report:
        found = compare(engine, CompareRequest(_number(older), _number(newer)), report, call.cancel)
    call.terminal.record(
        {
            "older": older,
            "newer": newer,
            "photos": found.photos,
            "changed": len(found.changed),
            "judged": found.judged,
            "older_right": found.older_right,
            "newer_right": found.newer_right,
            "better": len(found.better),
            "worse": len(found.worse),
            "imported": list(found.unknown),
        }
    )
    call.terminal.say(
        f"{len(found.changed)} of {counted(found.photos, 'photo')} would be called something else by {newer}."
    )
    if not found.judged:
        call.terminal.say("Which of the two is right more often cannot be told: there is no label to judge both by.")
        return 0
    call.terminal.say(
        f"Of {counted(found.judged, 'photo')} with a label, {older} tells {found.older_right} right and {newer} "
        f"{found.newer_right}: {len(found.better)} better, {len(found.worse)} worse. "
        "A photo that a model learned from counts as models that never saw it told it."
    )
    for number in found.unknown:
        call.terminal.say(
            f"Model {number} was imported. Where it learned from some of these photos, it looks better than it is."
        )
    return 0


def _entries(collection: CollectionStore) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = [
        {
            "id": entry.id,
            "current": entry.current,
            "created_at": entry.created_at,
            "backbone": entry.backbone,
            "classes": list(entry.classes),
            "photos": entry.photos,
            "accuracy": entry.held_out_accuracy,
            "note": entry.note,
        }
        for entry in list_models(collection)
    ]
    shipped = starter().model
    entries.append(
        {
            "id": STARTER,
            "current": collection.models.current() is None,
            "created_at": None,
            "backbone": shipped.backbone,
            "classes": list(shipped.class_names),
            "photos": shipped.training.photos,
            "accuracy": shipped.training.held_out_accuracy,
            "note": shipped.training.note,
        }
    )
    return entries


def _say(terminal: Terminal, entries: list[dict[str, Any]]) -> None:
    table = [["", "ID", "made", "backbone", "photos", "accuracy", "classes", "note"]]
    table += [
        [
            "*" if entry["current"] else "",
            str(entry["id"]),
            local_time(entry["created_at"]),
            entry["backbone"],
            str(entry["photos"]),
            percent(entry["accuracy"]),
            ", ".join(map(shown, entry["classes"])),
            shown(entry["note"]),
        ]
        for entry in entries
    ]
    terminal.say_table(table, right=(4, 5))
    terminal.say("* in use; choose another one with: flowersorter models --use ID")


def local_time(moment: str | None) -> str:
    """A stored time (ISO 8601, UTC) on the person's clock."""
    if not moment:
        return NOTHING
    return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M")


def run_export(call: Call) -> int:
    """Save the current model to a file, and show the lines that use it without this program."""
    with call.engine() as engine, call.terminal.progress() as report:
        result = export_model(engine, ExportRequest(call.options.file, call.options.backbone), report, call.cancel)
    terminal = call.terminal
    accuracy = "" if result.accuracy is None else f", {percent(result.accuracy)} right on photos it had not seen"
    terminal.say(f"Saved {shown(result.path)}: {', '.join(map(shown, result.classes))} on {result.backbone}{accuracy}")
    if result.remark:
        terminal.say(f"{result.remark}.")
    if result.script:
        terminal.say("To use it from Python:")
        terminal.say()
        for line in result.script.splitlines():
            terminal.say(f"    {line}" if line else "")
    return 0


def run_import(call: Call) -> int:
    """Add a model that somebody shared, and say what it holds."""
    terminal = call.terminal
    with call.engine() as engine, terminal.progress() as report:
        result = import_model(engine, ImportRequest(call.options.file, call.options.use), report, call.cancel)
    terminal.say(
        f"Model {result.model_id}, from {shown(result.name)}, on {result.backbone}: "
        f"{counted(len(result.classes), 'class', 'classes')}"
    )
    terminal.say(f"  {', '.join(map(shown, result.classes))}")
    terminal.say(f"Its maker says: {claim(result)}. Nothing of that was measured here.")
    if result.note:
        terminal.say(f"Its maker writes: {result.note}")
    if result.made_current:
        terminal.say("It is in use now.")
    elif result.weights_here:
        terminal.say(f"To use it: flowersorter models --use {result.model_id}")
    else:
        terminal.say(
            f"The network it needs is not on this computer: flowersorter backbones --download {result.backbone}"
        )
    return 0


def claim(result: ImportResult) -> str:
    """What the maker of an imported model says of it."""
    if result.accuracy is None:
        return f"it learned from {counted(result.photos, 'photo')}"
    return f"it learned from {counted(result.photos, 'photo')} and gets {percent(result.accuracy)} of unseen ones right"
