"""The verb keywords: write the classes of labelled photos into the sidecar files beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from flowersorter.commands.labelling.taken_labels import say_more
from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.output import Terminal, shown
from flowersorter.messages import plural, stored, text
from flowersorter.photos.scan import absolute_roots
from flowersorter.sorting.plan import Skipped, SortPlan
from flowersorter.sorting.runs.outcomes import RunResult
from flowersorter.workflows.filing.keywords import KeywordsRequest, RunKeywordsRequest, plan_keywords, write_keywords
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest
from flowersorter.workflows.predicting.settled_labels import predict_settled

_SHOWN = 20


def run(call: Call) -> int:
    """Scan folders, plan, and unless it is a dry run, write the keywords; return 1 if some could not be written."""
    options, terminal = call.options, call.terminal
    roots = absolute_roots(options.folders)
    with call.engine() as engine:
        with terminal.progress() as report:
            predict_settled(engine, PredictFolderRequest(roots, options.device, options.backbone), report, call.cancel)
            plans = plan_keywords(engine, KeywordsRequest(roots), report, call.cancel)
        done: list[RunResult] = []
        if not options.dry_run:
            with terminal.progress() as report:
                done = write_keywords(engine, RunKeywordsRequest(tuple(plans)), report, call.cancel)
    problems = {file.source: file.error for result in done for file in result.files if file.error}
    left = [skipped for plan in plans for skipped in (*plan.no_keywords, *plan.skipped)]
    for line in _lines(plans, problems, left, dry_run=options.dry_run):
        terminal.record(line)
    written, sorts = sum(result.keywords for result in done), [result.run_id for result in done]
    planned = sum(len(plan.keywords) for plan in plans)
    summary = {"dry_run": options.dry_run, "sidecars": planned if options.dry_run else written, "sorts": sorts}
    terminal.record({"summary": summary | {"left": len(left), "failed": len(problems)}})
    if options.dry_run:
        _say_each(terminal, plans)
    elif written:
        undo = ", ".join(f"flowersorter undo {sort}" for sort in sorts)
        terminal.say(
            plural(
                "Keywords written into {number} sidecar file. To undo that: {undo}",
                "Keywords written into {number} sidecar files. To undo that: {undo}",
                written,
                undo=undo,
            )
        )
    if not planned:
        terminal.say(text("No sidecar file lacks the keywords of a labelled photo."))
    say_no_keywords(terminal, left)
    for path, why in list(problems.items())[:_SHOWN]:
        terminal.say_of(path, stored(why or ""), indent=2)
    say_more(terminal, problems, _SHOWN)
    if options.dry_run:
        terminal.say(text("Nothing was changed: this was a dry run."))
    return 1 if problems else 0


def say_no_keywords(terminal: Terminal, left: Sequence[Skipped]) -> None:
    """Name the first sidecars that get no keywords, each with the reason."""
    if left:
        terminal.say(text("Without keywords:"))
    for skipped in left[:_SHOWN]:
        terminal.say_of(skipped.path, stored(skipped.reason), indent=2)
    say_more(terminal, left, _SHOWN)


def _lines(
    plans: Sequence[SortPlan], problems: Mapping[Path, str | None], left: Sequence[Skipped], *, dry_run: bool
) -> Iterator[dict[str, Any]]:
    for planned in (file for plan in plans for file in plan.files):
        why = problems.get(planned.filing.source)
        action = "write" if dry_run else "failed" if why else "written"
        for each in planned.keywords:
            keyword = planned.filing.class_name or None
            line = {"path": str(planned.filing.source), "sidecar": str(each.destination), "keyword": keyword}
            yield line | {"action": action} | ({"error": why} if why else {})
    for skipped in left:
        yield {"path": str(skipped.path), "action": "left", "reason": skipped.reason}


def _say_each(terminal: Terminal, plans: Sequence[SortPlan]) -> None:
    for planned in (file for plan in plans for file in plan.files):
        for each in planned.keywords:
            name = planned.filing.class_name
            if name:
                terminal.say(text("{file}: {keyword}", file=shown(each.destination), keyword=shown(name)))
            else:
                terminal.say(text("{file}: without keywords of a label", file=shown(each.destination)))
