"""The verb label: set or remove the class of photos."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.folder_output import say_class_names, say_unreadable
from flowersorter.commands.shared.json_lines import unreadable_line
from flowersorter.commands.shared.output import Terminal, shown
from flowersorter.domain.label import LabelOrigin
from flowersorter.errors import PhotoUnreadable
from flowersorter.jobs import Progress, silent
from flowersorter.messages import plural, stored, text
from flowersorter.workflows.labelling.label_photo import LabelPhotoRequest, label_photo, remove_label

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine
    from flowersorter.workflows.filing.refile import RefileResult


def run(call: Call) -> int:
    """Label the photos in the order given; 1 where none of them could be read.

    Raises:
        ClassRefused: the class name cannot be used; no photo was labelled.
        Cancelled: asked to stop; the photos before that keep their new label.
    """
    options, terminal = call.options, call.terminal
    lines: list[dict[str, Any]] = []
    unreadable: list[tuple[Path, str]] = []
    with call.engine() as engine, terminal.progress() as report:
        before = [entry.name for entry in engine.collection.classes.all()]
        for number, path in enumerate(options.photos):
            report(Progress(text("Labelling photos"), number, len(options.photos)))
            call.cancel.check()
            try:
                lines.append(_label(call, engine, path))
            except PhotoUnreadable as error:  # one bad photo does not stop the others
                unreadable.append((path, error.why or error.what))
                lines.append(unreadable_line(path.absolute(), error.why or error.what))
        moved = _move_copies(call, engine, lines) if options.move_copies and not options.remove else None
    done = [line for line in lines if "error" not in line]
    removed = sum(line.get("removed", False) for line in done)
    summary = {
        "photos": len(lines),
        "labelled": 0 if options.remove else len(done),
        "removed": removed,
        "without_label": len(done) - removed if options.remove else 0,
        "unreadable": len(unreadable),
    }
    if moved is not None:
        summary |= {"copies_moved": moved.moved, "copies_left": len(moved.left)}
    for line in (*lines, {"summary": summary}):
        terminal.record(line)
    _say(terminal, done, summary)
    say_class_names(terminal, (line["label"] for line in done if line["label"]), before)
    _say_without_picture(terminal, done)
    if moved is not None:
        _say_moved(terminal, moved)
    say_unreadable(terminal, tuple(unreadable))
    if not done:
        terminal.note(text("None of the photos could be read."))
        return 1
    return 0


def _label(call: Call, engine: Engine, path: Path) -> dict[str, Any]:
    options = call.options
    line: dict[str, Any] = {"path": str(path.absolute()), "label": None, "by": None}
    if options.remove:
        return line | {"removed": remove_label(engine.collection, path)}
    request = LabelPhotoRequest(path, options.class_name, options.device)
    labelled = label_photo(engine, request, silent, call.cancel)
    line |= {"label": labelled.class_name, "by": LabelOrigin.PERSON.value}
    return line | {"unreadable": labelled.unreadable} if labelled.unreadable else line


def _say(terminal: Terminal, done: list[dict[str, Any]], summary: dict[str, int]) -> None:
    if summary["labelled"]:
        name = shown(done[0]["label"])
        terminal.say(
            plural(
                "{number} photo labelled {name}.", "{number} photos labelled {name}.", summary["labelled"], name=name
            )
        )
    if removed := summary["removed"]:
        terminal.say(plural("Removed the label of {number} photo.", "Removed the label of {number} photos.", removed))
    if without := summary["without_label"]:
        terminal.say(plural("{number} photo had no label.", "{number} photos had no label.", without))


def _say_without_picture(terminal: Terminal, done: list[dict[str, Any]]) -> None:
    """Name the labelled files that cannot be read as photos."""
    for line in done:
        if why := line.get("unreadable"):
            terminal.say(
                text("{path} is not used for training: {why}", path=shown(Path(line["path"])), why=stored(why))
            )


def _move_copies(call: Call, engine: Engine, lines: list[dict[str, Any]]) -> RefileResult:
    """Move the sorted copies of the photos that were labelled."""
    from flowersorter.workflows.filing.refile import RefileRequest, photos_at, refile

    paths = [Path(line["path"]) for line in lines if "error" not in line]
    photo_ids = photos_at(engine.collection, paths)
    return refile(engine, RefileRequest(photo_ids), silent, call.cancel)


def _say_moved(terminal: Terminal, moved: RefileResult) -> None:
    sorts = ", ".join(map(str, moved.run_ids))
    if sorts:
        terminal.say(text("Sorted copies moved: {count} (sort {sorts}).", count=moved.moved, sorts=sorts))
    else:
        terminal.say(text("Sorted copies moved: {count}.", count=moved.moved))
    for skipped in moved.left:
        terminal.say_of(skipped.path, stored(skipped.reason), indent=2)
