"""Memory is given back to the system after a long job, and only then."""

from __future__ import annotations

import pytest

from flowersorter.jobs import CancelToken, Report
from flowersorter.workers import free_memory, job_worker
from flowersorter.workers.job_worker import Job, JobWorker


@pytest.mark.parametrize(("long_s", "times"), [(0.0, 1), (1e9, 0)])
def test_memory_is_given_back_after_a_long_job(monkeypatch: pytest.MonkeyPatch, long_s: float, times: int) -> None:
    calls: list[str] = []
    monkeypatch.setattr(job_worker, "LONG_S", long_s)
    monkeypatch.setattr(job_worker, "give_back_memory", lambda: calls.append("given back"))

    def call(_report: Report, _cancel: CancelToken) -> None:
        calls.append("ran")

    JobWorker().run(Job(1, "a job", call))
    assert calls == ["ran", *["given back"] * times]


def test_it_does_nothing_where_the_system_has_no_such_function(monkeypatch: pytest.MonkeyPatch) -> None:
    free_memory.give_back_memory()
    monkeypatch.setattr(free_memory, "_trim", lambda: None)
    free_memory.give_back_memory()
