"""Runs a command of the command line, and returns its exit code."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from glob import glob
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from flowersorter.commands.shared.line_parser import UsageError, suggestion
from flowersorter.commands.shared.output import Terminal
from flowersorter.commands.shared.parser import make_parser, parse, verb_parser
from flowersorter.commands.verbs import VERBS
from flowersorter.errors import Cancelled, UserError
from flowersorter.jobs import CancelToken
from flowersorter.messages import joined_texts, text, worded
from flowersorter.translations import use_translations

if TYPE_CHECKING:
    from flowersorter.commands.shared.context import Call


FAILED, WRONG_USAGE = 1, 2
_SHELL_LEAVES_WILDCARDS = sys.platform == "win32"
_STOPPED = text("Stopped; nothing is half-done.")
_STOPPED_AT_ONCE = text(
    "Stopped at once; the interrupted photo is finished or put back the next time FlowerSorter opens this collection."
)
_STOPPED_READING = text("Stopped at once; no photo was changed.")
#: The commands that put files somewhere; the others only read photos.
_FILING_VERBS = frozenset({"sort", "watch", "keywords", "resume", "undo", "recover", "label"})


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: The arguments after the program's name; None for those of this process.

    Returns:
        The exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
    """
    use_translations()
    try:
        options = _parse(argv)
    except UsageError as error:
        _complain(error)
        return WRONG_USAGE
    except SystemExit:  # argparse has shown the help or the version
        return _ended(Terminal(sys.stdout, sys.stderr), 0)
    terminal = Terminal(
        sys.stdout, sys.stderr, as_json=options.json, as_table=getattr(options, "csv", None) is not None
    )
    cancel = CancelToken()
    with _stop_signals(cancel) as stop:
        try:
            code = _ended(terminal, _run(options, terminal, cancel))
        except (Cancelled, KeyboardInterrupt) as stopped:
            at_once = _STOPPED_AT_ONCE if options.verb in _FILING_VERBS else _STOPPED_READING
            terminal.note(_STOPPED if isinstance(stopped, Cancelled) else at_once)
            return stop.exit_code
        except UserError as error:
            return _failed(terminal, str(error))
        except OSError as error:
            reasons = [str(error.filename)] * bool(error.filename) + [error.strerror or str(error)]
            return _failed(terminal, text("The system refused: {reason}.", reason=": ".join(reasons)))
    return code


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    options = parse(sys.argv[1:] if argv is None else argv)
    if options.verb is None:
        raise UsageError(make_parser(), text('the command is missing; "flowersorter --help" lists the commands'))
    if options.backbone is not None:
        from flowersorter.vision.backbone.registry import backbones, base_name

        names, wanted = [entry.name for entry in backbones()], base_name(options.backbone)
        if wanted not in names:
            problem = text("there is no backbone {name!r}", name=options.backbone)
            near = suggestion(wanted, names) or text("the backbones are {names}", names=", ".join(names))
            raise UsageError(verb_parser(options.verb), joined_texts("; ", problem, near))
    if options.verb == "train" and not options.deep and (options.unfreeze is not None or options.epochs):
        raise UsageError(verb_parser("train"), text("--unfreeze and --epochs go with --deep"))
    if options.verb == "train" and options.folder is None and _wants_class_folders(options):
        problem = text("only the labels of the collection are learned without FOLDER; this option needs one")
        raise UsageError(verb_parser("train"), problem)
    if options.verb == "predict" and options.json and options.csv:
        problem = text("--json and --csv are two forms of the same list; choose one")
        raise UsageError(verb_parser("predict"), problem)
    if options.verb == "predict" and options.path_map and not options.cluster:
        raise UsageError(verb_parser("predict"), text("--map goes with --cluster"))
    if options.verb == "sort" and options.mode != "move" and (options.move_duplicates or options.remove_empty_folders):
        problem = text("--move-duplicates and --remove-empty-folders go with --move")
        raise UsageError(verb_parser("sort"), problem)
    if options.verb == "label":
        _check_label(options)
    for name in ("paths", "photos"):
        if _SHELL_LEAVES_WILDCARDS and name in options:
            setattr(options, name, [each for path in getattr(options, name) for each in _expanded(path)])
    return options


def _check_label(options: argparse.Namespace) -> None:
    """Make sure that the options of label go together.

    Raises:
        UsageError: they do not.
    """
    answers = ("class_name", "rejected", "not_mine", "dont_know", "remove", "from_keywords", "source", "undo")
    if not any(getattr(options, name) not in (None, False) for name in answers):
        problem = text(
            "--as CLASS, --not CLASS, --not-mine, --dont-know, --remove, --from-keywords, --from FILE or --undo is "
            "missing; did you mean predict?"
        )
        raise UsageError(verb_parser("label"), problem)
    if options.format is not None and options.source is None:
        raise UsageError(verb_parser("label"), text("--format goes with --from"))
    if options.group is not None and not (
        options.not_mine or options.dont_know or options.rejected or options.class_name
    ):
        raise UsageError(verb_parser("label"), text("--group goes with --as, --not, --not-mine or --dont-know"))
    if options.undo and options.photos:
        raise UsageError(verb_parser("label"), text("--undo takes back the labels that were taken last, without PATH"))
    if options.unpack is not None and not _is_packed(options.source):
        raise UsageError(verb_parser("label"), text("--unpack goes with --from and a .zip or .tm file"))


def _is_packed(source: Path | None) -> bool:
    """Whether labels are taken from an archive."""
    return source is not None and source.suffix.lower() in (".zip", ".tm")


def _wants_class_folders(options: argparse.Namespace) -> bool:
    """Whether an option of train is about class folders."""
    flags = options.add, options.deep, options.new_classes, options.flat
    return any(flags) or options.backbone is not None


def _expanded(path: Path) -> list[Path]:
    """The paths that match the wildcards in a path; the path itself where none does, so that the error names it."""
    if {"*", "?"}.isdisjoint(str(path)):
        return [path]
    # Patterns in brackets are Unix' own.
    found = glob(str(path).replace("[", "[[]"))  # noqa: PTH207 - the folders before it may hold wildcards too
    return [Path(each) for each in sorted(found)] or [path]


def _complain(error: UsageError) -> None:
    terminal = Terminal(sys.stdout, sys.stderr)
    for line in error.text.splitlines():
        terminal.note(line)


def _ended(terminal: Terminal, code: int) -> int:
    return code if terminal.close() else code or FAILED


def _failed(terminal: Terminal, sentence: str) -> int:
    terminal.flush()
    terminal.note(sentence)
    return FAILED


def _run(options: argparse.Namespace, terminal: Terminal, cancel: CancelToken) -> int:
    from flowersorter.commands.shared.context import Call
    from flowersorter.vision.backbone.device import require_device

    require_device(options.device)
    run = _verb(options.verb)
    # Nothing but the JSON lines may reach stdout, whatever a library prints.
    with redirect_stdout(sys.stderr):
        return run(Call(options, terminal, cancel))


def _verb(name: str) -> Callable[[Call], int]:
    """Import the module of a command; a command that needs no network does not load torch."""
    module = import_module(next(verb.module for verb in VERBS if verb.name == name))
    run: Callable[[Call], int] = module.run
    return run


class _Stop:
    """The signal that stopped the command, and its exit code: 130 for Ctrl+C, as in every shell."""

    def __init__(self) -> None:
        self.signal: int = signal.SIGINT

    @property
    def exit_code(self) -> int:
        return 128 + self.signal


@contextmanager
def _stop_signals(cancel: CancelToken) -> Iterator[_Stop]:
    """Stop at the next safe point on the first signal, and at once on the second."""
    stop = _Stop()
    stopping = worded(text("Stopping at the next safe point...")).encode(errors="replace")
    if threading.current_thread() is not threading.main_thread():
        yield stop  # only the main thread may handle signals
        return

    def ask(number: int, frame: FrameType | None) -> None:
        stop.signal = number
        cancel.cancel()
        signal.signal(number, signal.default_int_handler)
        if sys.stderr is not None and sys.stderr.isatty():
            with suppress(OSError):  # not print: the signal may have interrupted it
                os.write(sys.stderr.fileno(), b"\n" + stopping + b"\n")

    before = {number: signal.signal(number, ask) for number in _stopping_signals()}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stopping_signals() -> list[int]:
    numbers = [signal.SIGINT, signal.SIGTERM]
    hangup = getattr(signal, "SIGHUP", None)
    if hangup is not None and signal.getsignal(hangup) is not signal.SIG_IGN:  # nohup ignores it on purpose
        numbers.append(hangup)
    return [int(number) for number in numbers]
