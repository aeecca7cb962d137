"""Run a workflow for a script: in a thread of its own, so that Ctrl+C stops it at a safe point."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import TypeVar

from flowersorter.jobs import CancelToken, Progress, Report

Result = TypeVar("Result")

#: Windows does not interrupt a wait for Ctrl+C; the wait is divided into pieces of this length.
_LOOK_EVERY_S = 0.2


def run_in_background(
    work: Callable[[Report, CancelToken], Result], progress: Callable[[Progress], None] | None
) -> Result:
    """Run a workflow to its end; return its result or raise its exception.

    Args:
        work: The workflow; runs in a thread of its own.
        progress: Called in the caller's thread with the newest progress. An exception that it raises stops the work.

    Raises:
        KeyboardInterrupt: Ctrl+C; the workflow has stopped at its next safe point. After a second one it may still be
        on its way there; a sort that it leaves unfinished is repaired when the collection is opened again.
    """
    cancel, news = CancelToken(), SimpleQueue[Progress | None]()
    future: Future[Result] = Future()

    def report(entry: object) -> None:
        if isinstance(entry, Progress):
            news.put(entry)

    def run() -> None:
        try:
            future.set_result(work(report, cancel))
        except BaseException as error:  # noqa: BLE001 - carried over to the thread that waits
            future.set_exception(error)
        finally:
            news.put(None)

    thread = threading.Thread(target=run, name="flowersorter", daemon=True)
    try:
        thread.start()
        while (newest := _newest(news)) is not None:
            if progress is not None:
                progress(newest)
    except BaseException:  # Ctrl+C, or an exception of the callback
        cancel.cancel()
        raise
    finally:
        while thread.is_alive():
            thread.join(_LOOK_EVERY_S)
    return future.result()


def _newest(news: SimpleQueue[Progress | None]) -> Progress | None:
    """Wait for progress reports and return the newest; None marks the end."""
    while True:
        try:
            newest = news.get(timeout=_LOOK_EVERY_S)
        except Empty:
            continue
        while newest is not None and not news.empty():
            following = news.get()
            if following is None:
                news.put(None)
                break
            newest = following
        return newest
