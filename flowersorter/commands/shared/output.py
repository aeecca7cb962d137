"""The output of the command line: JSON lines or aligned text on stdout, notes and progress bars on stderr."""

from __future__ import annotations

import io
import json
import os
import shlex
import signal
import subprocess
import sys
import threading
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, TextIO

from flowersorter.domain import figures
from flowersorter.errors import Cancelled
from flowersorter.jobs import Progress, Report
from flowersorter.messages import Text, joined_texts, plural, text, worded

#: Cells of a terminal to which a column is padded at most.
_MOST_PADDED = 80


def _nothing(news: object) -> None:
    """Ignore a report."""


class Terminal:
    """Stdout and stderr of one command.

    The reader of stdout may close it at any moment (``| head``). Then the rest is dropped silently: a job that files
    photos must not stop half-way because its list is not read. Where stdout is closed or its disk is full, the job goes
    on too, and `close` writes the last line, which is the summary, to stderr.

    Control characters are escaped here, wherever a text comes from: a file name may hold a terminal's commands.

    Args:
        out: Gets the result; None where stdout is closed.
        err: Gets notes and progress; None where stderr is closed.
        as_json: Whether the result is JSON lines; then `say` is silent, else `record` is.
        as_table: Whether the result is a table for another program; then `say` is silent.
    """

    def __init__(
        self, out: TextIO | None, err: TextIO | None, *, as_json: bool = False, as_table: bool = False
    ) -> None:
        self._out, self._err = out or io.StringIO(), err or io.StringIO()
        self.as_json, self._silent = as_json, as_json or as_table
        self._lost = "" if out is not None else text("it is closed")  # the error that keeps lines from being written
        self._last = ""

    def say(self, sentence: str = "", indent: int = 0) -> None:
        """Write a line for people to stdout."""
        if not self._silent:
            self._write(_encodable(" " * indent + shown(worded(sentence)), self._out))

    def say_of(self, path: object, remark: str, indent: int = 0) -> None:
        """Write a line about a file: its path and the remark."""
        self.say(joined_texts(": ", shown(path), remark), indent)

    @property
    def interactive(self) -> bool:
        """Whether a person can be asked."""
        return not self._silent and bool(sys.stdin and sys.stdin.isatty() and self._err.isatty())

    def ask(self, question: str) -> bool:
        """Ask a person at a terminal; without one, or without a yes, the answer is no."""
        return self.interactive and self._answer(f"{worded(question)} [y/N]").strip().lower() in {"y", "yes"}

    def choose(self, question: str, letters: str) -> str:
        """Ask a person at a terminal until the answer begins with one of some letters.

        Returns:
            The letter; "" where the input ends.

        Raises:
            Cancelled: Ctrl+C.
        """
        while line := self._answer(worded(question)):
            answer = line.strip().lower()[:1]
            if answer and answer in letters:
                return answer
        return ""

    def _answer(self, question: str) -> str:
        self.flush()
        self._err.write(f"{_encodable(shown(question), self._err)} ")
        self._err.flush()
        try:
            with _interruptible():
                return sys.stdin.readline()
        except Cancelled:
            self._err.write("\n")  # the next sentence begins on a line of its own
            raise

    def say_table(self, rows: Sequence[Sequence[str]], right: Collection[int] = (), indent: int = 0) -> None:
        """Write rows in aligned columns; ``right`` are the numbers of the right-aligned ones."""
        for line in columns([[_cell(cell) for cell in row] for row in rows], right):
            self.say(line, indent)

    def record(self, entry: Mapping[str, Any]) -> None:
        """Write one JSON object on a line of its own.

        ASCII only: a file name that is not valid text survives as lone surrogates, as Python itself shows it.
        """
        if self.as_json:
            self._write(json.dumps(entry, ensure_ascii=True, allow_nan=False))

    def put(self, data: bytes) -> None:
        """Write bytes to stdout as they are, whatever its encoding."""
        with self._may_fail():
            self._out.flush()
            if isinstance(self._out, io.TextIOWrapper):
                self._out.buffer.write(data)

    def note(self, sentence: str) -> None:
        """Write a sentence to stderr."""
        with suppress(OSError):
            self._err.write(f"{_encodable(shown(worded(sentence)), self._err)}\n")
            self._err.flush()

    def flush(self) -> None:
        """Flush stdout."""
        with self._may_fail():
            self._out.flush()

    def close(self) -> bool:
        """Send the rest on its way; where it cannot be written, note why and the last line, and return False."""
        self.flush()
        if self._lost and self._last:
            self.note(text("The output could not be written to stdout: {why}. It ends with:", why=self._lost))
            self.note(self._last)
        elif self._lost:  # a table for another program
            self.note(text("The output could not be written to stdout: {why}.", why=self._lost))
        return not self._lost

    @contextmanager
    def progress(self, *, in_bytes: bool = False, tell: Callable[[object], str | None] = _nothing) -> Iterator[Report]:
        """Show the progress of a job on stderr, if that is a terminal.

        Args:
            in_bytes: Whether the job counts bytes.
            tell: Words any other report as a line for stderr, also where that is no terminal; None for no line.
        """
        self.flush()
        if not self._err.isatty():
            yield lambda news: self._tell(tell(news))
            return
        with _bars(self._err, in_bytes, tell) as report:
            yield report

    def _tell(self, line: str | None) -> None:
        if line is not None:
            self.note(line)

    def _write(self, line: str) -> None:
        self._last = line or self._last
        with self._may_fail():
            self._out.write(f"{line}\n")

    @contextmanager
    def _may_fail(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            _forget(self._out)
        except OSError as error:
            self._lost = (error.strerror or str(error)).lower()
            _forget(self._out)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl+C end the wait for an answer; after the handler of the command, Python would go on waiting.

    Raises:
        Cancelled: Ctrl+C.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may handle signals
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        raise Cancelled from None
    finally:
        signal.signal(signal.SIGINT, before)


def _forget(stream: TextIO) -> None:
    """Redirect a stream that cannot be written any more to the null device: else Python's flush at exit fails."""
    with suppress(OSError):  # a stream without a descriptor, as in tests
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


@contextmanager
def _bars(err: TextIO, in_bytes: bool, tell: Callable[[object], str | None]) -> Iterator[Report]:
    # Takes 0.05 s to import, and is not needed without a terminal.
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    stage = TextColumn("{task.description}", markup=False)
    figures = TextColumn("{task.fields[figures]}", markup=False)
    written = size if in_bytes else str
    bars = Bars(stage, BarColumn(), figures, TimeRemainingColumn(), console=Console(file=err), transient=True)
    with bars:
        task, shown_stage = bars.add_task("", total=None, figures=""), ""

        def report(news: object) -> None:
            nonlocal shown_stage
            line = tell(news)
            if line is not None:
                bars.console.print(shown(worded(line)), markup=False, highlight=False)
            if not isinstance(news, Progress):
                return
            if news.stage != shown_stage:
                shown_stage = news.stage
                bars.reset(
                    task, description=shown(worded(shown_stage)), total=news.total
                )  # the time left is this stage's
            of = "" if news.total is None else text("{done} of {all}", done=written(news.done), all=written(news.total))
            bars.update(task, completed=news.done, total=news.total, figures=worded(of))

        yield report


def columns(rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> list[str]:
    """Lay rows out in columns, two spaces apart.

    A cell wider than `_MOST_PADDED` moves the rest of its own row only: one long path would make every line wide.

    Args:
        rows: Cells; all rows equally long.
        right: Numbers of the columns aligned to the right.
    """
    widths = [min(_MOST_PADDED, max(map(_width, cells))) for cells in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = []
        for i, cell in enumerate(row):
            space = " " * (widths[i] - _width(cell))
            cells.append(space + cell if i in right else cell + space)
        lines.append("  ".join(cells).rstrip())
    return lines


def _cell(cell: str) -> str:
    """Word a cell, unless it is a name."""
    return shown(worded(cell)) if isinstance(cell, Text) else cell


def _width(text: str) -> int:
    """Cells a text takes on a terminal: Chinese or Japanese signs take two, combining accents none."""
    return sum(
        0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text
    )


def shown(name: object) -> str:
    """A path or name on one line: undecodable bytes and control characters become escapes."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode("ascii") for sign in str(name))


def quoted(path: object) -> str:
    """A path as a word of a command line, to be copied."""
    word = shown(path)
    return subprocess.list2cmdline([word]) if sys.platform == "win32" else shlex.quote(word)


def local_time(moment: str | None, *, seconds: bool = False) -> str:
    """A stored time (ISO 8601, UTC) on the person's clock, to the minute or the second."""
    if not moment:
        return figures.NO_FIGURE
    return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")


def counted_photos(number: int) -> Text:
    """A number of photos, as a part of a sentence with a second number."""
    return plural("{number} photo", "{number} photos", number)


def counted_sidecars(number: int) -> Text:
    """A number of sidecar files, likewise."""
    return plural("{number} sidecar file", "{number} sidecar files", number)


def counted_files(photos: int, sidecars: int) -> Text:
    """The numbers of photos and sidecar files, without the one that is 0; "0 photos" where both are."""
    if not sidecars:
        return counted_photos(photos)
    if not photos:
        return counted_sidecars(sidecars)
    return text("{photos} and {files}", photos=counted_photos(photos), files=counted_sidecars(sidecars))


def named(each: Iterable[object]) -> str:
    """Join the names of classes or files."""
    return ", ".join(map(shown, each))


def size(count_bytes: int) -> str:
    """A number of bytes as people read it: "51.5 MB"."""
    if count_bytes < 1000:
        return text("{count} bytes", count=count_bytes)
    value = count_bytes / 1000
    for unit in ("kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def _encodable(text: str, stream: TextIO) -> str:
    """Escape characters outside the terminal's encoding, so that no name stops the output."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
