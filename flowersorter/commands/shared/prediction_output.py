"""A line of text about each predicted photo: its class, the source of that class, and the verdict of a suggestion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowersorter.commands.shared.output import Terminal, local_time, shown
from flowersorter.domain.figures import percent_to_tenths
from flowersorter.domain.label import LabelOrigin
from flowersorter.domain.photo_answers import Mark
from flowersorter.domain.verdict import Verdict, has_percentage
from flowersorter.messages import Text, joined_texts, stored, text
from flowersorter.workflows.models.current_model import NamedModel

_VERDICTS = {
    Verdict.SURE.word: text("sure"),
    Verdict.LIKELY.word: text("likely"),
    Verdict.UNSURE.word: text("not sure"),
}


def say_photo(
    terminal: Terminal, line: Mapping[str, Any], top: int, precision: float, *, asked: bool, with_remark: bool
) -> None:
    """Print the class of a photo, with its best suggestions below.

    Args:
        terminal: Gets the lines.
        line: The photo as in `--json`.
        top: Number of suggestions below it; 0 for none.
        precision: Target precision of *sure*; a sure suggestion of less confidence has no number.
        asked: Whether the person asked for so many suggestions: then they are named also where they have no numbers.
        with_remark: Whether to add the remark on its file, which `say_folders` lists for a folder.
    """
    parts, numbers = _label(line), _has_percentage(line, precision)
    if "error" in line:
        parts.append(text("cannot be read: {why}", why=stored(line["error"])))
    else:
        parts += _answers(line)
        if not line.get(Mark.NOT_MINE.name.lower()):
            parts.append(_suggestion(line, numbers=numbers))
    if with_remark and line.get("remark"):
        parts.append(stored(line["remark"]))
    terminal.say_of(line["path"], joined_texts("; ", *parts))
    best = line.get("top", ())[:top]
    if best and numbers:
        rows = [[shown(name), percent_to_tenths(share)] for name, share in best]
        terminal.say_table(rows, right=(1,), indent=2)
    elif best and asked:
        terminal.say(text("likeliest first: {names}", names=", ".join(shown(name) for name, _ in best)), indent=2)


def say_model(terminal: Terminal, named: NamedModel | None) -> None:
    """Print which model made the suggestions, and when it was made."""
    if named is None:
        return
    if named.id is None:
        terminal.say(text("Suggestions are by the starter model."))
        return
    made = local_time(named.created_at)
    terminal.say(text("Suggestions are by model {number}, made on {date}.", number=named.id, date=made))


def _label(line: Mapping[str, Any]) -> list[Text]:
    if not line.get("label"):
        return []
    name = shown(line["label"])
    if line["by"] == LabelOrigin.PERSON.value:
        return [text("{name} (your label)", name=name)]
    return [text("{name} (label from the folder name)", name=name)]


def _answers(line: Mapping[str, Any]) -> list[Text]:
    answers = []
    if line.get(Mark.NOT_MINE.name.lower()):
        answers.append(text("none of your classes (your answer)"))
    if line.get(Mark.DONT_KNOW.name.lower()):
        answers.append(text("don't know (your answer)"))
    if line.get("not"):
        answers.append(text("not {names} (your answer)", names=", ".join(map(shown, line["not"]))))
    return answers


def _has_percentage(line: Mapping[str, Any], precision: float) -> bool:
    if line.get("confidence") is None:
        return True
    verdict, has_reason = Verdict[line["verdict"].upper()], bool(line.get("reason"))
    return has_percentage(verdict, line["confidence"], precision, with_reason=has_reason)


def _suggestion(line: Mapping[str, Any], *, numbers: bool) -> Text:
    if line["verdict"] == Verdict.UNKNOWN.word:
        if line["looks_like"]:
            return text("unknown, looks like: {things} (suggestion)", things=line["looks_like"])
        return text("unknown (suggestion)")
    if line["class"] is None:
        return text("no suggestion")
    parts: list[str] = [text("suggestion")]
    if numbers:
        parts.append(percent_to_tenths(line["confidence"]))
    parts.append(_VERDICTS[line["verdict"]])
    if line.get("reason"):
        parts.append(stored(line["reason"]))
    return text("{name} ({facts})", name=shown(line["class"]), facts=joined_texts(", ", *parts))
