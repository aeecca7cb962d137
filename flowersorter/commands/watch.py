"""The verb watch: sort new photos as they arrive in a folder, until it is stopped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.folder_output import (
    note_problems,
    problems_of_folders,
    remember_options,
    say_missing_model,
)
from flowersorter.commands.shared.json_lines import folder_lines, model_fields, model_used
from flowersorter.commands.shared.output import counted_sidecars, local_time, named, shown
from flowersorter.commands.shared.sort_outcomes import (
    FILING,
    Outcome,
    done_outcomes,
    outcome_lines,
    planned_outcomes,
)
from flowersorter.errors import Cancelled, CollectionLocked, FolderUnusable, SortRefused
from flowersorter.jobs.change_hints import ChangeHints
from flowersorter.library.files.lock import watch_locked
from flowersorter.messages import plural, stored, text
from flowersorter.photos.scan import absolute_folder, absolute_roots, check_folder
from flowersorter.photos.scanning.folder_watch import FolderWatch
from flowersorter.sorting.execute import RunBegun
from flowersorter.sorting.folder_pattern import CLASS_ONLY, FolderPattern
from flowersorter.sorting.plan import Action, Mode
from flowersorter.workflows.filing.keywords import writes_keywords
from flowersorter.workflows.filing.sort import Include, SortRequest, check_destination
from flowersorter.workflows.filing.sort_arrivals import Arrivals, ArrivalsRequest, sort_arrivals
from flowersorter.workflows.predicting.imagenet.names import names_of_unknown

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

#: How soon it is tried again where the collection is in use, or a drive is away.
RETRY_S = 10.0
#: Photos named of those that could not be sorted.
_NAMED = 10
#: Photos that stay for one reason are named up to this number, else counted.
_FEW = 3
#: How long the end waits for the system: a drive may not answer.
_END_WITHIN_S = 5.0
_NONE = Outcome("")


@dataclass(slots=True)
class _Watching:
    """The sorts so far, and the outcomes already reported.

    Attributes:
        sorts: The sorts, by number.
        sorted_photos: Number of photos in them.
        said: The outcome of each photo that stays, so that it is said once.
        waiting_for: Why nothing can be done at present; "" where it can.
        unfinished: Whether photos were left because another program still wrote them.
        problems: Folders and files that cannot be read, with the reason.
        filed: The photos that were sorted.
        without_keywords: Sidecars that get no keywords, with the reason.
        begun_at: When the first sort began, ISO 8601 in UTC.
    """

    sorts: list[int] = field(default_factory=list)
    sorted_photos: int = 0
    said: dict[Path, Outcome] = field(default_factory=dict)
    waiting_for: str = ""
    unfinished: bool = False
    problems: list[tuple[Path, str]] = field(default_factory=list)
    filed: set[Path] = field(default_factory=set)
    without_keywords: list[tuple[Path, str]] = field(default_factory=list)
    begun_at: str = ""

    @property
    def tries_again(self) -> bool:
        """Whether something is left to do without any further change."""
        return self.unfinished or bool(self.waiting_for)


def run(call: Call) -> int:
    """Sort the new photos of folders until the command is stopped by a signal."""
    options, terminal = call.options, call.terminal
    roots, request = absolute_roots(options.folders), _request(call)
    for root in roots:
        check_folder(root)
    FolderPattern.parse(options.pattern or CLASS_ONLY)
    check_destination(roots, request.sort.destination, request.sort.mode, call.cancel)
    hints, state = ChangeHints(), _Watching()
    hints.add()
    with watch_locked(call.collection_folder, roots), _watched(roots, hints, ignored=call.collection_folder):
        terminal.say(
            text(
                "Watching {folder}. New photos are sorted into {destination}; Ctrl+C ends it.",
                folder=named(roots),
                destination=shown(request.sort.destination),
            )
        )
        watched = {"folders": [str(root) for root in roots], "destination": str(request.sort.destination)}
        terminal.record({"watching": watched})
        try:
            while True:
                again = hints.wait(call.cancel, RETRY_S if state.tries_again else None)
                if again or state.tries_again:
                    terminal.flush()
                    _sort_new(call, request, state)
        except Cancelled:
            _say_end(call, state)
    return 0


def _request(call: Call) -> ArrivalsRequest:
    options = call.options
    return ArrivalsRequest(
        SortRequest(
            absolute_roots(options.folders),
            absolute_folder(options.to),
            Mode(options.mode),
            Include.SURE if options.only_sure else Include.ALL,
            options.backbone,
            pattern=options.pattern,
            only_new=True,
        ),
        options.device,
    )


@contextmanager
def _watched(roots: tuple[Path, ...], hints: ChangeHints, *, ignored: Path) -> Iterator[None]:
    watch = FolderWatch(roots, hints.add, ignored=ignored)
    watch.start()
    try:
        yield
    finally:
        watch.stop(_END_WITHIN_S)


def _sort_new(call: Call, request: ArrivalsRequest, state: _Watching) -> None:
    """Sort what is new; where that is impossible for now, say why, once.

    Raises:
        Cancelled: a signal arrived; photos sorted until then are counted.
        UserError: it will not be possible later either.
    """
    try:
        with call.engine() as engine:
            remember_options(call, engine.collection, request.sort.roots)
            wanted = call.options.keywords
            keywords = writes_keywords(engine.collection) if wanted is None else wanted
            done = _sorted(call, engine, replace(request, sort=replace(request.sort, keywords=keywords)), state)
            state.unfinished = bool(done.unfinished)
            if state.waiting_for:
                call.terminal.note(text("It goes on."))
            state.waiting_for = ""
            _say_batch(call, engine, done, state)
    except (CollectionLocked, FolderUnusable, SortRefused) as error:
        if str(error) != state.waiting_for:
            state.waiting_for = str(error)
            call.terminal.note(text("{problem} Waiting until that has changed.", problem=state.waiting_for))


def _sorted(call: Call, engine: Engine, request: ArrivalsRequest, state: _Watching) -> Arrivals:
    """Sort what is new, and count the sort, however it ends."""
    begun: list[int] = []
    with call.terminal.progress() as show:

        def report(news: object) -> None:
            if isinstance(news, RunBegun):
                begun.append(news.run_id)
            show(news)

        try:
            return sort_arrivals(engine, request, report, call.cancel)
        except Cancelled:
            for run in map(engine.collection.journal.run, begun):
                call.terminal.record({"batch": {"sort": run.id, "sorted": run.photos, "interrupted": True}})
            raise
        finally:
            for run in map(engine.collection.journal.run, begun):
                if run.touched:
                    state.sorts.append(run.id)
                    state.begun_at = state.begun_at or run.started_at
                    state.sorted_photos += run.photos


def _say_batch(call: Call, engine: Engine, done: Arrivals, state: _Watching) -> None:
    """Say what was sorted, and which photos stay that did not before."""
    terminal, options = call.terminal, call.options
    outcomes = planned_outcomes(done.plan) | done_outcomes(done.done)
    new = {
        path: outcome
        for path, outcome in outcomes.items()
        if outcome.action != Action.ALREADY_THERE and state.said.get(path) != outcome and path not in state.filed
    }
    state.filed |= {path for path, outcome in new.items() if outcome.action in FILING}
    state.said = {path: outcome for path, outcome in outcomes.items() if outcome.action in ("left", "failed")}
    problems = problems_of_folders(done.result)
    note_problems(terminal, (each for each in problems if each not in state.problems))
    state.problems = problems
    without = [(skipped.path, skipped.reason) for skipped in done.plan.no_keywords]
    note_problems(terminal, [each for each in without if each not in state.without_keywords][:_NAMED])
    state.without_keywords = without
    sidecars, keywords = done.done.sidecars, done.done.keywords
    if not new and not sidecars and not keywords:
        return
    rows = np.array([path in new for path in done.result.rows.paths], np.bool_)
    shown_only = replace(done.result, rows=done.result.rows.take(np.flatnonzero(rows)))
    names = {entry.id: entry.name for entry in engine.collection.classes.all()}
    likenesses = names_of_unknown(engine, shown_only.rows, options.backbone)
    model, remarks = model_used(engine, options.backbone), engine.collection.photos.remarks()
    lines = list(
        outcome_lines(folder_lines(shown_only, names, likenesses, remarks, labels_count=True, model=model), new)
    )
    actions = Counter(line["action"] for line in lines)
    batch = {
        "sort": done.done.run_id,
        "photos": len(lines),
        "sorted": sum(actions[name] for name in FILING),
        "duplicates": actions[Action.DUPLICATE.value],
        "left": actions["left"],
        "failed": actions["failed"],
        "sidecars": sidecars,
        "keywords": keywords,
    }
    for line in (*lines, {"batch": batch | model_fields(model)}):
        terminal.record(line)
    _say_in_words(call, engine, done, new)
    terminal.flush()


def _say_in_words(call: Call, engine: Engine, done: Arrivals, new: Mapping[Path, Outcome]) -> None:
    terminal = call.terminal
    filed = Counter(
        file.filing.class_name for file in done.plan.files if new.get(file.filing.source, _NONE).action in FILING
    )
    if filed:
        counts = ", ".join(f"{name} {number}" for name, number in filed.most_common())
        sentence = plural(
            "{number} photo sorted: {counts}. To undo that: flowersorter undo {sort}",
            "{number} photos sorted: {counts}. To undo that: flowersorter undo {sort}",
            filed.total(),
            counts=counts,
            sort=done.done.run_id,
        )
        terminal.say(sentence)
    elif done.done.sidecars:
        what = counted_sidecars(done.done.sidecars)
        terminal.say(text("{what} sorted. To undo that: flowersorter undo {sort}", what=what, sort=done.done.run_id))
    if keywords := done.done.keywords:
        terminal.say(
            plural(
                "Keywords written into {number} sidecar file (sort {sort}).",
                "Keywords written into {number} sidecar files (sort {sort}).",
                keywords,
                sort=done.done.run_id,
            )
        )
    left: dict[str, list[Path]] = {}
    for path, outcome in new.items():
        if outcome.action == "left":
            left.setdefault(outcome.why or "", []).append(path)
    for reason, paths in left.items():
        if len(paths) > _FEW:
            because = stored(reason)
            stay = plural(
                "{number} photo stays, for this reason: {why}",
                "{number} photos stay, each for this reason: {why}",
                len(paths),
                why=because,
            )
            terminal.say(stay)
        else:
            for path in paths:
                terminal.say(text("{photo} stays: {why}", photo=shown(path.name), why=stored(reason)))
    failed = [(path, outcome.why or "") for path, outcome in new.items() if outcome.action == "failed"]
    note_problems(terminal, ((path, stored(why)) for path, why in failed[:_NAMED]))
    if len(failed) > _NAMED:
        terminal.note(text("and {number} more could not be sorted", number=len(failed) - _NAMED))
    say_missing_model(call, engine.collection, done.result)


def _say_end(call: Call, state: _Watching) -> None:
    sorts = ", ".join(map(str, state.sorts))
    call.terminal.say(
        plural(
            "Stopped. {number} photo sorted (sorts: {sorts}). To undo one: flowersorter undo SORT",
            "Stopped. {number} photos sorted (sorts: {sorts}). To undo one: flowersorter undo SORT",
            state.sorted_photos,
            sorts=sorts,
        )
        if sorts
        else text("Stopped. No photo was sorted.")
    )
    if len(state.sorts) > 1:
        since = local_time(state.begun_at, seconds=True)
        call.terminal.say(text('To undo all sorts since then: flowersorter undo --since "{time}"', time=since))
    left = Counter(outcome.action for outcome in state.said.values())
    summary: dict[str, Any] = {"sorts": state.sorts, "sorted": state.sorted_photos}
    call.terminal.record({"summary": summary | {"left": left["left"], "failed": left["failed"]}})
