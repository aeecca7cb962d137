"""The verb label: set or remove the class of photos, or say that they do not show one."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowersorter.commands.labelling.from_file import label_from_file
from flowersorter.commands.labelling.from_keywords import label_from_keywords
from flowersorter.commands.labelling.take_back import take_back_labels
from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.folder_output import say_class_names, say_unreadable
from flowersorter.commands.shared.json_lines import unreadable_line
from flowersorter.commands.shared.output import Terminal, shown
from flowersorter.domain.label import LabelOrigin
from flowersorter.domain.photo_answers import Mark
from flowersorter.errors import PhotoUnreadable
from flowersorter.jobs import Progress, silent
from flowersorter.messages import Text, plural, stored, text
from flowersorter.photos.scan import absolute_folder
from flowersorter.workflows.labelling.groups import LookAlikesRequest, with_look_alikes
from flowersorter.workflows.labelling.label_photo import (
    AnswerPhotoRequest,
    LabelPhotoRequest,
    answer_photo,
    label_photo,
    remove_label,
)
from flowersorter.workflows.training.taken_back_labels import take_back_folder_labels

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine
    from flowersorter.workflows.filing.refile import RefileResult


def run(call: Call) -> int:
    """Label the photos in the order given; return 1 if none of them could be read.

    Raises:
        ClassRefused: the class name cannot be used; no photo was labelled.
        Cancelled: asked to stop; the photos before that keep their new label.
    """
    if call.options.from_keywords is not None:
        return label_from_keywords(call)
    if call.options.source is not None:
        return label_from_file(call)
    if call.options.undo:
        return take_back_labels(call)
    options, terminal = call.options, call.terminal
    lines: list[dict[str, Any]] = []
    unreadable: list[tuple[Path, str]] = []
    with call.engine() as engine, terminal.progress() as report:
        before = [entry.name for entry in engine.collection.classes.all()]
        photos = _photos(call, engine)
        for number, path in enumerate(photos):
            report(Progress(text("Labelling photos"), number, len(photos)))
            call.cancel.check()
            try:
                lines.append(_label(call, engine, path))
            except PhotoUnreadable as error:  # one bad photo does not stop the others
                unreadable.append((path, error.why or error.what))
                lines.append(unreadable_line(path.absolute(), error.why or error.what))
        follow = options.move_copies and not (options.remove or _answer_of(options))
        moved = _move_copies(call, engine, lines) if follow else None
    done = [line for line in lines if "error" not in line]
    removed = sum(line.get("labels_removed", line.get("removed", False)) for line in done)
    answered = len(done) if _answer_of(options) else 0
    summary = {
        "photos": len(lines),
        "labelled": 0 if options.remove else len(done) - answered,
        "answered": answered,
        "removed": removed,
        "without_label": sum(not line["removed"] for line in done) if options.remove else 0,
        "unreadable": len(unreadable),
    }
    if moved is not None:
        summary |= {"copies_moved": moved.moved, "copies_left": len(moved.left)}
    for line in (*lines, {"summary": summary}):
        terminal.record(line)
    _say(terminal, done, summary)
    _say_taken_back(terminal, done)
    _say_answered(terminal, done)
    say_class_names(terminal, (line["label"] for line in done if line["label"]), before)
    _say_without_picture(terminal, done)
    if moved is not None:
        _say_moved(terminal, moved)
    say_unreadable(terminal, tuple(unreadable))
    if not done:
        terminal.note(_nothing_done(unreadable))
        return 1
    return 0


def _photos(call: Call, engine: Engine) -> list[Path]:
    """The photos of the command line; with --group also those that look like them."""
    options = call.options
    if options.group is None:
        return list(options.photos)
    request = LookAlikesRequest(tuple(options.photos), absolute_folder(options.group), options.backbone)
    return list(with_look_alikes(engine, request, call.cancel))


def _nothing_done(unreadable: list[tuple[Path, str]]) -> Text:
    if not all(path.is_dir() for path, _ in unreadable):
        return text("None of the photos could be read.")
    return text(
        "Name photos, such as FOLDER/*.jpg; or one photo and all that look like it: flowersorter label PHOTO --group "
        "FOLDER --as CLASS. Sub-folders that are named like classes: flowersorter label --from FOLDER"
    )


def _answer_of(options: Namespace) -> Mark | str | None:
    """The mark or the rejected class of the command line; None where photos get a class or lose their label."""
    if options.not_mine:
        return Mark.NOT_MINE
    return Mark.DONT_KNOW if options.dont_know else options.rejected


def _label(call: Call, engine: Engine, path: Path) -> dict[str, Any]:
    options, answer = call.options, _answer_of(call.options)
    line: dict[str, Any] = {"path": str(path.absolute()), "label": None, "by": None}
    if options.remove and path.is_dir():
        taken = take_back_folder_labels(engine.collection, path)
        return line | {"removed": taken.labels > 0, "labels_removed": taken.labels, "classes_removed": taken.classes}
    if options.remove:
        return line | {"removed": remove_label(engine.collection, path)}
    if path.is_dir():
        raise PhotoUnreadable(text("The photo {path} cannot be read", path=path), text("it is a folder"))
    if isinstance(answer, Mark):
        answer_photo(engine, AnswerPhotoRequest(path, None, answer, options.device), silent, call.cancel)
        return line | {"by": LabelOrigin.PERSON.value, answer.name.lower(): True}
    if answer is not None:
        rejecting = AnswerPhotoRequest(path, answer, device=options.device)
        rejected = answer_photo(engine, rejecting, silent, call.cancel)
        return line | {"by": LabelOrigin.PERSON.value, "not": [rejected]}
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
    if removed := sum(line.get("removed", False) for line in done if "labels_removed" not in line):
        terminal.say(
            plural(
                "Removed the label and other answers of {number} photo.",
                "Removed the labels and other answers of {number} photos.",
                removed,
            )
        )
    if without := sum(not line["removed"] for line in done if "removed" in line and "labels_removed" not in line):
        terminal.say(plural("{number} photo had no label.", "{number} photos had no label.", without))


def _say_taken_back(terminal: Terminal, done: list[dict[str, Any]]) -> None:
    """Print the labels and classes that the sub-folders of folders gave, and how to go back to the model before."""
    folders = [line for line in done if "labels_removed" in line]
    for line in folders:
        terminal.say(
            plural(
                "Removed {number} label that sub-folders of {folder} gave.",
                "Removed {number} labels that sub-folders of {folder} gave.",
                line["labels_removed"],
                folder=shown(Path(line["path"])),
            )
        )
        if classes := line["classes_removed"]:
            names = ", ".join(map(shown, classes))
            terminal.say(text("Removed classes without another label: {classes}.", classes=names))
    if any(line["classes_removed"] for line in folders):
        terminal.say(text("To go back to an earlier model: flowersorter models, then flowersorter models --use ID"))


def _say_answered(terminal: Terminal, done: list[dict[str, Any]]) -> None:
    """Print the answer, which is the same for all photos, and its effect."""
    first, number = (done or [{}])[0], len(done)
    if "not" in first:
        terminal.say(
            plural(
                "{number} photo does not show {name}, which is not suggested for it again.",
                "{number} photos do not show {name}, which is not suggested for them again.",
                number,
                name=shown(first["not"][0]),
            )
        )
    elif "not_mine" in first:
        terminal.say(
            plural(
                "{number} photo shows none of your classes. It is not sorted.",
                "{number} photos show none of your classes. They are not sorted.",
                number,
            )
        )
    elif "dont_know" in first:
        terminal.say(
            plural("{number} photo is not asked about again.", "{number} photos are not asked about again.", number)
        )


def _say_without_picture(terminal: Terminal, done: list[dict[str, Any]]) -> None:
    """Print the labelled files that cannot be read as photos."""
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
