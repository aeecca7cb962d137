"""Sorts the photos that are new in a folder, as one sort; those still being written stay for the next time."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from flowersorter.jobs import CancelToken, Report
from flowersorter.jobs.change_hints import QUIET_S
from flowersorter.sorting.plan import Mode, PlannedFile, SortPlan
from flowersorter.sorting.runs.outcomes import RunResult
from flowersorter.workflows.filing.sort import RunSortRequest, SortRequest, plan_sort, run_sort
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, PredictFolderResult
from flowersorter.workflows.predicting.settled_labels import predict_settled

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine


#: Seconds since its last change after which a file is taken to be complete: an upload may stall that long. A file that
#: is moved to another drive is lost to the program that goes on writing it, so it waits longer.
LEAST_AGE_S, LEAST_AGE_MOVED_S = 10.0, 60.0


@dataclass(frozen=True, slots=True)
class ArrivalsRequest:
    """Predict a folder, and sort its new photos.

    Attributes:
        sort: Which photos, and where to.
        device: "auto", "cpu" or "cuda".
        quiet_s: Seconds in which a file must not change to be complete.
        least_age_s: Seconds since its last change, at least; for a file that is moved to another drive, more.
    """

    sort: SortRequest
    device: str = "auto"
    quiet_s: float = QUIET_S
    least_age_s: tuple[float, float] = (LEAST_AGE_S, LEAST_AGE_MOVED_S)


@dataclass(frozen=True, slots=True, eq=False)
class Arrivals:
    """The photos of a folder, and the sort of those that were new.

    Attributes:
        result: All photos, predicted.
        plan: The plan of the sort.
        done: Its outcome; without a run where nothing was new.
        unfinished: Photos that stay because another program still writes them, or a file that goes with them.
    """

    result: PredictFolderResult
    plan: SortPlan
    done: RunResult
    unfinished: frozenset[Path]


def sort_arrivals(engine: Engine, request: ArrivalsRequest, report: Report, cancel: CancelToken) -> Arrivals:
    """Predict a folder and sort its new photos; photos that were sorted before are left alone.

    Raises:
        FolderUnusable: the folder is missing or forbidden; of several, all are.
        SortRefused: the destination cannot be used safely.
        WeightsMissing: the backbone's weights are not on this computer.
        Cancelled: asked to stop; photos sorted until then stay sorted, in a sort that can be undone.
    """
    sort = request.sort
    folder = PredictFolderRequest(sort.roots, request.device, sort.backbone)
    result = predict_settled(engine, folder, report, cancel)
    plan = plan_sort(engine, sort, report, cancel)
    if unfinished := _still_written(plan, request, cancel):
        plan = plan_sort(engine, replace(sort, unfinished=unfinished), report, cancel)
    if not plan.changes_disk:
        return Arrivals(result, plan, RunResult(None, ()), unfinished)
    return Arrivals(result, plan, run_sort(engine, RunSortRequest(plan, sort.pattern), report, cancel), unfinished)


def _still_written(plan: SortPlan, request: ArrivalsRequest, cancel: CancelToken) -> frozenset[Path]:
    """Wait a while, and find the photos to sort that changed since they were read, or lately, or whose sidecars did."""
    going = [file for file in plan.files if file.action.is_filed or file.sidecars]
    if not going:
        return frozenset()
    sidecars = [source for file in going for source, _ in file.sidecars]
    before = dict(zip(sidecars, map(_state, sidecars), strict=True))
    before |= {file.filing.source: (file.filing.size_bytes, file.filing.mtime_ns) for file in going}
    cancel.wait(request.quiet_s)
    least_ns = round(1e9 * request.least_age_s[plan.mode is Mode.MOVE and _leaves_drive(going, plan.device)])
    now_ns = time.time_ns()
    # The clock of a server may be ahead, so a time of change in the near future is a recent one, too.
    unfinished = {
        path
        for path, state in before.items()
        if state is None or _state(path) != state or abs(now_ns - state[1]) < least_ns
    }
    return frozenset(file.filing.source for file in going if not unfinished.isdisjoint(_files_of(file)))


def _leaves_drive(files: Iterable[PlannedFile], device: int | None) -> bool:
    """Whether one of the files is on another drive than the destination, `device`."""
    for folder in {file.filing.source.parent for file in files}:
        try:
            if folder.stat().st_dev != device:
                return True
        except OSError:
            return True
    return False


def _files_of(file: PlannedFile) -> Iterable[Path]:
    return file.filing.source, *(source for source, _ in file.sidecars)


def _state(path: Path) -> tuple[int, int] | None:
    """Size and time of change of a file; None where it is gone."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
