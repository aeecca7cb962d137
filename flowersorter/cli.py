"""The program in a terminal: finds the verb, runs it, and turns what happens into an exit code."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from importlib import import_module
from types import FrameType
from typing import TYPE_CHECKING

from flowersorter.commands.shared.line_parser import UsageError, suggestion
from flowersorter.commands.shared.output import Terminal
from flowersorter.commands.shared.parser import make_parser, parse, verb_parser
from flowersorter.commands.verbs import VERBS
from flowersorter.errors import Cancelled, UserError
from flowersorter.jobs import CancelToken

if TYPE_CHECKING:
    from flowersorter.commands.shared.context import Call


FAILED, WRONG_USAGE = 1, 2
_STOPPED = "Stopped; nothing is half-done."
_STOPPED_AT_ONCE = (
    "Stopped at once; the interrupted photo is finished or put back the next time FlowerSorter opens this collection."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb.

    Args:
        argv: The words after the program's name; None for those of this process.

    Returns:
        The exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
    """
    try:
        options = _parse(argv)
    except UsageError as error:
        print(error.text, end="", file=sys.stderr)
        return WRONG_USAGE
    except SystemExit:  # argparse has shown the help or the version
        return 0
    terminal = Terminal(sys.stdout, sys.stderr, as_json=getattr(options, "json", False))
    cancel = CancelToken()
    with _stop_signals(cancel) as stop:
        try:
            code = _run(options, terminal, cancel)
            terminal.flush()
        except (Cancelled, KeyboardInterrupt) as stopped:
            terminal.note(_STOPPED if isinstance(stopped, Cancelled) else _STOPPED_AT_ONCE)
            return stop.exit_code
        except UserError as error:
            return _failed(terminal, str(error))
        except OSError as error:
            named = f"{error.filename}: " if error.filename else ""
            return _failed(terminal, f"The system refused: {named}{error.strerror or error}.")
    return code


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    options = parse(sys.argv[1:] if argv is None else argv)
    if options.verb is None:
        raise UsageError(make_parser(), 'the command is missing; "flowersorter --help" lists the commands')
    if options.backbone is not None:
        from flowersorter.vision.backbone.registry import backbones, base_name

        names, wanted = [entry.name for entry in backbones()], base_name(options.backbone)
        if wanted not in names:
            near = suggestion(wanted, names) or f"; the backbones are {', '.join(names)}"
            raise UsageError(verb_parser(options.verb), f"there is no backbone {options.backbone!r}{near}")
    if options.verb == "train" and not options.deep and (options.unfreeze is not None or options.epochs):
        raise UsageError(verb_parser("train"), "--unfreeze and --epochs go with --deep")
    if options.verb == "sort" and options.mode != "move" and (options.move_duplicates or options.remove_empty_folders):
        raise UsageError(verb_parser("sort"), "--move-duplicates and --remove-empty-folders go with --move")
    if options.verb == "label" and options.class_name is None and not options.remove:
        raise UsageError(verb_parser("label"), "--as CLASS or --remove is missing; did you mean predict?")
    return options


def _failed(terminal: Terminal, sentence: str) -> int:
    terminal.flush()
    terminal.note(sentence)
    return FAILED


def _run(options: argparse.Namespace, terminal: Terminal, cancel: CancelToken) -> int:
    from flowersorter.commands.shared.context import Call

    run = _verb(options.verb)
    # Nothing but the JSON lines may reach stdout, whatever a library prints.
    with redirect_stdout(sys.stderr):
        return run(Call(options, terminal, cancel))


def _verb(name: str) -> Callable[[Call], int]:
    """Import the module of a verb; each loads only what it needs, so that the history comes without torch."""
    module = import_module(next(verb.module for verb in VERBS if verb.name == name))
    run: Callable[[Call], int] = module.run
    return run


class _Stop:
    """Which signal asked to stop; 130 for Ctrl+C, as every shell has it."""

    def __init__(self) -> None:
        self.signal: int = signal.SIGINT

    @property
    def exit_code(self) -> int:
        return 128 + self.signal


@contextmanager
def _stop_signals(cancel: CancelToken) -> Iterator[_Stop]:
    """Let the first signal ask the job to stop at its next safe point, and a second one stop it at once."""
    stop = _Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop  # signals are the main thread's alone
        return

    def ask(number: int, frame: FrameType | None) -> None:
        stop.signal = number
        cancel.cancel()
        signal.signal(number, signal.default_int_handler)
        if sys.stderr.isatty():
            with suppress(OSError):  # not print: it may be what the signal interrupted
                os.write(sys.stderr.fileno(), b"\nStopping at the next safe point...\n")

    before = {number: signal.signal(number, ask) for number in _stopping_signals()}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stopping_signals() -> list[int]:
    numbers = [signal.SIGINT, signal.SIGTERM]
    hangup = getattr(signal, "SIGHUP", None)
    if hangup is not None and signal.getsignal(hangup) is not signal.SIG_IGN:  # nohup wants it ignored
        numbers.append(hangup)
    return [int(number) for number in numbers]
