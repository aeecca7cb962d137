"""The verb models: list, choose, compare and delete the models of the collection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.output import Terminal, counted_photos, local_time, named, shown
from flowersorter.domain.figures import percent_to_tenths
from flowersorter.errors import UserError
from flowersorter.library.collection import CollectionStore
from flowersorter.messages import Text, plural, text
from flowersorter.workflows.evaluation.compare_models import (
    CompareRequest,
    compare,
    delete_model,
    name_model,
    prune_models,
)
from flowersorter.workflows.models.current_model import STARTER, list_models, starter, use_model

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine


def run(call: Call) -> int:
    """Change the models as asked, then list them."""
    if call.options.compare:
        return _run_compare(call)
    options = call.options
    changes = options.note or any(each is not None for each in (options.use, options.delete, options.prune))
    with call.engine(only_reads=not changes) as engine:
        _tidy(call, engine)
        entries = _entries(engine.collection)
    for entry in entries:
        call.terminal.record(entry)
    call.terminal.record({"summary": {"models": len(entries), "current": _current(entries)}})
    _say(call.terminal, entries)
    return 0


def _tidy(call: Call, engine: Engine) -> None:
    options = call.options
    if options.use is not None:
        use_model(engine, _number(options.use))
    elif options.note:
        model_id, note = options.note
        if not model_id.isdecimal():
            raise UserError(
                text("There is no model {model_id}", model_id=shown(model_id)),
                hint=text('"flowersorter models" lists them'),
            )
        name_model(engine.collection, int(model_id), note)
    elif options.delete is not None:
        delete_model(engine, options.delete)
    elif options.prune is not None:
        gone = prune_models(engine, options.prune)
        call.terminal.say(plural("Removed {number} model.", "Removed {number} models.", len(gone)))


def _number(wanted: str | int) -> int | None:
    return None if isinstance(wanted, str) else wanted


def _run_compare(call: Call) -> int:
    """Show the changes from one model to another."""
    older, newer = call.options.compare
    with call.engine(only_reads=True) as engine, call.terminal.progress() as report:
        found = compare(engine, CompareRequest(_number(older), _number(newer)), report, call.cancel)
    call.terminal.record(
        {
            "summary": {
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
        }
    )
    call.terminal.say(
        text(
            "{model} would put {changed} of {photos} in another class.",
            model=_called(newer),
            changed=len(found.changed),
            photos=counted_photos(found.photos),
        )
    )
    if not found.judged:
        call.terminal.say(text("Which of the two is right more often is not known: no labelled photo can judge both."))
        return 0
    call.terminal.say(
        text(
            "Of {photos} with a label, {older} gets {older_right} right, {newer} gets {newer_right}: {better} better, "
            "{worse} worse. Photos a model was trained on are judged by models that never saw them.",
            photos=counted_photos(found.judged),
            older=_called_inside(older),
            older_right=found.older_right,
            newer=_called_inside(newer),
            newer_right=found.newer_right,
            better=len(found.better),
            worse=len(found.worse),
        )
    )
    for number in found.unknown:
        call.terminal.say(
            text(
                "Model {number} was imported. If it was trained on some of these photos, it looks better than it is.",
                number=number,
            )
        )
    return 0


def _called(model: int | str) -> Text:
    return text("The starter model") if model == STARTER else text("Model {model}", model=model)


def _called_inside(model: int | str) -> Text:
    """Name a model inside a sentence."""
    return text("the starter model") if model == STARTER else text("model {model}", model=model)


def _current(entries: list[dict[str, Any]]) -> int | str | None:
    current: int | str | None = next((entry["id"] for entry in entries if entry["current"]), None)
    return current


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
    head = (text("ID"), text("made"), text("backbone"), text("photos"), text("accuracy"), text("classes"), text("note"))
    table: list[list[str]] = [["", *head]]
    table += [
        [
            "*" if entry["current"] else "",
            str(entry["id"]),
            local_time(entry["created_at"]),
            entry["backbone"],
            str(entry["photos"]),
            percent_to_tenths(entry["accuracy"]),
            named(entry["classes"]),
            shown(entry["note"]),
        ]
        for entry in entries
    ]
    terminal.say_table(table, right=(4, 5))
    terminal.say(text("* in use. To use another one: flowersorter models --use ID"))
