"""The verb check: ask about photos drawn at random, and say how many suggestions are right."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.folder_output import remember_options
from flowersorter.commands.shared.output import Terminal, quoted, shown
from flowersorter.domain.check_answer import CheckAnswer
from flowersorter.domain.figures import percent_to_tenths
from flowersorter.errors import UserError
from flowersorter.messages import plural, text
from flowersorter.photos.scan import absolute_folder
from flowersorter.workflows.evaluation.check_sample import (
    CheckSampleRequest,
    answer_sample,
    check_sample,
)
from flowersorter.workflows.evaluation.checked_sample import CheckedSample, DrawnPhoto
from flowersorter.workflows.filing.sort import Include
from flowersorter.workflows.models.current_model import STARTER

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

_DIGITS = 6
_LETTERS = {"y": CheckAnswer.RIGHT, "n": CheckAnswer.WRONG, "s": CheckAnswer.SKIPPED}
_WORDS = _LETTERS | {"yes": CheckAnswer.RIGHT, "no": CheckAnswer.WRONG, "skip": CheckAnswer.SKIPPED}


def run(call: Call) -> int:
    """Draw a sample or go on with it, take answers from a file or a person, and say the proven bound."""
    options, terminal = call.options, call.terminal
    answers = None if options.answers is None else _read(options.answers)
    unused = 0
    with call.engine() as engine:
        folder = absolute_folder(options.folder)
        remember_options(call, engine.collection, folder)
        include = Include.SURE if options.only_sure else Include.ALL
        request = CheckSampleRequest(folder, options.goal, include, options.device, options.backbone)
        with terminal.progress() as report:
            check = check_sample(engine, request, report, call.cancel)
        withdrawn = check.withdrawn
        if withdrawn:
            terminal.say(withdrawn)
        if check.widened:
            terminal.say(check.widened)
        names = {entry.id: entry.name for entry in engine.collection.classes.all()}
        if answers is not None:
            check, unused = _take(engine, check, folder, answers)
        elif terminal.interactive:
            check = _ask(call, engine, check, names)
        asked = () if answers is None and terminal.interactive else check.next_photos(options.count)
    for photo in asked:
        terminal.record(_line(photo, names))
    about = {"withdrawn": withdrawn or None, "widened": check.widened or None, "unused_answers": unused}
    terminal.record({"summary": _summary(check) | about})
    _say(terminal, options.folder, check, asked, names, unused)
    return 0


def _ask(call: Call, engine: Engine, check: CheckedSample, names: Mapping[int, str]) -> CheckedSample:
    """Ask the person about one photo after the other; every answer is stored at once."""
    skipped: set[int] = set()
    left = call.options.count
    while not check.done and (left is None or left > 0):
        (photo,) = check.next_photos(1)
        if photo.photo_id in skipped:
            break
        call.terminal.say(shown(photo.path))
        question = text(
            "Is it {name} ({confidence})? [y]es, [n]o, [s]kip, [q]uit:",
            name=names[photo.class_id],
            confidence=percent_to_tenths(photo.confidence),
        )
        answer = _LETTERS.get(call.terminal.choose(question, "ynsq"))
        if answer is None:
            break
        check = answer_sample(engine.collection, check, photo.photo_id, answer)
        skipped |= {photo.photo_id} if answer is CheckAnswer.SKIPPED else set()
        left = None if left is None else left - 1
    return check


def _read(file: Path) -> list[tuple[str, CheckAnswer]]:
    """Read the lines of a file of answers: path, "" for the next photo, and answer.

    Raises:
        UserError: the file cannot be read, a line holds no answer, or two lines contradict each other.
    """
    try:
        written = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise UserError(text("The answers in {file} cannot be read", file=file), why) from error
    found: list[tuple[str, CheckAnswer]] = []
    given: dict[str, CheckAnswer] = {}
    for number, row in enumerate(csv.reader(written.splitlines()), 1):
        if not any(row):
            continue
        *path, word = row
        if word.strip().lower() not in _WORDS:
            raise UserError(
                text("The answers in {file} cannot be used", file=file),
                text("line {number} ends in {word!r}, which is neither y nor n", number=number, word=word),
                text("Write a line PATH,y or PATH,n for each photo, or just y or n"),
            )
        name, answer = ",".join(path), _WORDS[word.strip().lower()]
        if name and given.setdefault(name, answer) is not answer:
            raise UserError(
                text("The answers in {file} cannot be used", file=file),
                text("line {number} contradicts an earlier one about {photo}", number=number, photo=shown(Path(name))),
                text("Keep one line for each photo"),
            )
        found.append((name, answer))
    return found


def _take(
    engine: Engine, check: CheckedSample, folder: Path, answers: Sequence[tuple[str, CheckAnswer]]
) -> tuple[CheckedSample, int]:
    """Store answers, all or none; returns how many were not used."""
    unused = 0
    with engine.collection.database.transaction():
        for path, answer in answers:
            photo = _photo_at(check, folder, path) if path else next(iter(check.next_photos(1)), None)
            if photo is None:
                unused += 1
            else:
                check = answer_sample(engine.collection, check, photo.photo_id, answer)
    return check, unused


def _photo_at(check: CheckedSample, folder: Path, path: str) -> DrawnPhoto | None:
    return check.photo_at(Path(path).absolute()) or check.photo_at(folder / path)


def _line(photo: DrawnPhoto, names: Mapping[int, str]) -> dict[str, Any]:
    return {
        "path": str(photo.path),
        "class": names[photo.class_id],
        "confidence": round(photo.confidence, _DIGITS),
        "verdict": photo.verdict.word,
    }


def _summary(check: CheckedSample) -> dict[str, Any]:
    model = check.sample.model.rpartition("/")[2]
    return {
        "statement": str(check.statement),
        "at_least": check.at_least,
        "goal": check.goal,
        "reached": check.reached,
        "missed": check.missed,
        "photos": check.photos,
        "checked": check.checked,
        "wrong": check.wrong,
        "skipped": check.skipped,
        "needed": check.needed,
        "done": check.done,
        "model": model if model == STARTER else int(model),
        "started_at": check.sample.started_at,
    }


def _say(
    terminal: Terminal,
    folder: Path,
    check: CheckedSample,
    asked: Sequence[DrawnPhoto],
    names: Mapping[int, str],
    unused: int,
) -> None:
    if asked:
        terminal.say(
            text("Is the suggestion right? Answer with --answers FILE, a line PATH,y or PATH,n for each photo:")
        )
        for photo in asked:
            suggestion = text(
                "{name} ({confidence})",
                name=shown(names[photo.class_id]),
                confidence=percent_to_tenths(photo.confidence),
            )
            terminal.say_of(photo.path, suggestion, indent=2)
        terminal.say()
    if unused:
        terminal.say(
            plural(
                "{number} answer was not used: it is about no photo of the sample, or the check was done before.",
                "{number} answers were not used: they are about no photo of the sample, or the check was done before.",
                unused,
            )
        )
    terminal.say(check.statement)
    if check.outlook is not None:
        terminal.say(check.outlook)
    if check.lower_goal is not None:
        terminal.say(
            text(
                "To find out how many are, go on with a lower goal: flowersorter check {folder} --goal {goal}",
                folder=quoted(folder),
                goal=check.lower_goal,
            )
        )
