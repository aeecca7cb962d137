"""The verb resume: continue a sort that was stopped, paused or interrupted."""

from __future__ import annotations

from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.json_lines import unreadable_line
from flowersorter.commands.shared.output import counted_files
from flowersorter.errors import Cancelled, SortRefused
from flowersorter.messages import plural, stored, text
from flowersorter.sorting.execute import RunBegun
from flowersorter.workflows.filing.history import find_run
from flowersorter.workflows.filing.resume import (
    ResumeRequest,
    failed_sentence,
    paused_sentence,
    resumable_runs,
    resume_run,
    waiting_sentence,
)


def run(call: Call) -> int:
    """Continue a sort; exit 1 if a photo could not be sorted, or the sort paused again.

    Raises:
        Cancelled: the person pressed Ctrl+C.
        SortRefused: it cannot be continued now.
    """
    terminal, begun = call.terminal, list[int]()

    def tell(news: object) -> str | None:
        if isinstance(news, RunBegun):
            begun.append(news.run_id)
        return None

    with call.engine() as engine:
        try:
            with terminal.progress(tell=tell) as report:
                request = ResumeRequest(call.options.sort, call.options.backbone)
                result = resume_run(engine, request, report, call.cancel)
        except Cancelled:
            for stopped in (find_run(engine.collection, run_id) for run_id in begun):
                if stopped.left:
                    terminal.note(waiting_sentence(stopped))
                if stopped.failed:
                    terminal.note(failed_sentence(stopped))
            raise
        except SortRefused:
            for waiting in resumable_runs(engine.collection):
                if waiting.failed and call.options.sort in {None, waiting.id}:
                    terminal.note(failed_sentence(waiting))
                    break
            raise
    failed = result.failed
    for file in result.files:
        if file.destination is None:
            terminal.record(unreadable_line(file.source, file.error or ""))
        if file.error and not file.waits:
            terminal.say_of(file.source, stored(file.error), indent=2)
    files = counted_files(result.filed, result.sidecars)
    terminal.say(
        text(
            "Sort {sort}: {files} more sorted. To undo all of it: flowersorter undo {sort}",
            sort=result.run_id,
            files=files,
        )
    )
    summary = {"sort": result.run_id, "sorted": result.filed, "failed": failed, "waiting": result.waiting}
    terminal.record({"summary": summary | {"paused": result.paused or None, "can_be_resumed": result.can_be_resumed}})
    if failed:
        terminal.note(
            plural(
                "{number} photo could not be sorted: {why}.",
                "{number} photos could not be sorted; the first one: {why}.",
                failed,
                why=stored(next(file.error or "" for file in result.not_filed)),
            )
        )
    if result.paused:
        terminal.note(paused_sentence(result))
    return 1 if failed or result.paused else 0
