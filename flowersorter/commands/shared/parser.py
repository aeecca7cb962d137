"""The command line's grammar and help."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import flowersorter
from flowersorter.commands.shared.argument_types import to_path
from flowersorter.commands.shared.line_parser import LineParser, RawHelp, UsageError, find_command, suggestion
from flowersorter.commands.verbs import FORMER_NAMES, VERBS, Verb
from flowersorter.messages import joined_texts, text, worded

if TYPE_CHECKING:
    _Verbs: TypeAlias = argparse._SubParsersAction[LineParser]

_USAGE = "flowersorter [FOLDER...] [--collection DIR]\n       flowersorter COMMAND [OPTIONS]"

_DESCRIPTION = text("""\
Suggests a class for every photo in a folder, learns from your corrections, and sorts the photos into class folders.

Without a command the window opens, with the folders and photos in it that you name. With a command it works here in
the terminal:""")

_EPILOG = text("""\
examples:
  flowersorter predict ~/Pictures/flowers         what is on these photos? Does not change any photo
  flowersorter sort ~/Pictures/flowers --to ~/Pictures/sorted --dry-run
                                                  show which photo would go where
  flowersorter sort ~/Pictures/flowers --to ~/Pictures/sorted
                                                  copy every photo into the folder of its class
  flowersorter undo                               undo the last sort
  flowersorter label IMG_0001.jpg --as daisy      set the class of a photo
  flowersorter train ~/Pictures/mushrooms         learn classes of your own, one sub-folder for each
  flowersorter evaluate --report accuracy.html    how often is the model right, and which classes does it confuse?
  flowersorter check ~/Pictures/flowers           how many suggestions are right? asks about a few photos
  flowersorter label-errors                       which labels are probably wrong?
  flowersorter next                               are there enough labels, and which photos would help most?
  flowersorter models --compare 3 5               which photos would another model put in another class?
  flowersorter predict IMG_0001.jpg --json | jq .class

glossary:
  sure, likely, not sure, unknown   how reliable a suggestion is; "unknown" matches none of the classes
  label                             the class of a photo that you set or confirmed, or its class folder
  collection                        the folder with FlowerSorter's labels, models and history; your photos are not in it
  backbone                          the image network behind the suggestions

output and exit codes:
  --json prints one JSON object a line on stdout and nothing else there; progress goes to stderr, on a terminal only.
  A photo:      {{"path", "class", "confidence", "verdict", "top": [[class, p], ...], "label", "by", "model"}}
                The verdict is "sure", "likely", "unsure", "unknown" or "none".
  Unreadable:   {{"path", "error"}}
  sort adds "to" and "action"; every command ends with {{"summary": {{...}}}}
  0 done (unreadable photos are reported, not fatal); 1 failed, with one sentence on stderr; 2 wrong usage;
  130 interrupted: Ctrl+C stops at the next safe point and leaves nothing half-done.

Options stand anywhere on the line; "--" ends them, for a name that begins with a hyphen.
"flowersorter COMMAND --help" shows the options of a command.
""")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read a command line.

    Returns:
        The options of the command ``verb``. Without a command ``verb`` is None: the window is wanted, with ``roots``
        (folders and photos) and ``collection``.

    Raises:
        UsageError: the line is wrong.
        SystemExit: the help or the version was asked for, and shown.
    """
    parser, verbs = _parsers()
    at = find_command(arguments, verbs)
    if at is None:
        return _parse_for_window(parser, verbs, arguments)
    options = verbs[arguments[at]].parse_anywhere([*arguments[:at], *arguments[at + 1 :]], verbs)
    options.verb = arguments[at]
    if options.verb == "label" and not options.photos and options.source is None and not options.undo:
        verbs["label"].error(worded(text("the following arguments are required: %s")) % "PATH")
    return options


def parse_window(arguments: Sequence[str]) -> argparse.Namespace | None:
    """Read a command line that asks for the window; None for any other, also for a wrong one."""
    parser, verbs = _parsers()
    if find_command(arguments, verbs) is not None or {"-h", "--help", "--version"}.intersection(arguments):
        return None
    try:
        return _parse_for_window(parser, verbs, arguments)
    except UsageError:
        return None


def make_parser() -> LineParser:
    """Build the parser of the whole program, for its help; it imports nothing heavy."""
    return _parsers()[0]


def verb_parser(verb: str) -> LineParser:
    """Build the parser of one verb."""
    return _parsers()[1][verb]


def _parsers() -> tuple[LineParser, dict[str, LineParser]]:
    """Build the program's parser and those of its verbs by name."""
    parser = LineParser(
        prog="flowersorter",
        usage=_USAGE,
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=RawHelp,
        allow_abbrev=False,
    )
    _add_version(parser, text("show the version and end"))
    _add_common(parser)
    verbs: _Verbs = parser.add_subparsers(dest="verb", metavar="COMMAND", title=text("commands"), prog="flowersorter")
    for verb in VERBS:
        _add_verb(verbs, verb)
    return parser, dict(verbs.choices)


def _parse_for_window(
    parser: LineParser, verbs: Mapping[str, LineParser], arguments: Sequence[str]
) -> argparse.Namespace:
    options, words = parser.split(arguments)
    names = [word for word in words if word and not {"/", os.sep}.intersection(word) and not Path(word).exists()]
    is_name = bool(words) and words[:1] == names[:1]
    if is_name and (meant := suggestion(words[0], verbs, FORMER_NAMES)):
        parser.error(joined_texts("; ", text("there is no command {name!r}", name=words[0]), meant))
    parser.check_options(options, verbs)
    values = parser.parse_args(options)
    if is_name:
        parser.error(
            text('{name!r} is neither a command nor a folder; "flowersorter --help" lists the commands', name=words[0])
        )
    command = next((word for word in words[1:] if word in verbs), None)
    if command is not None:
        parser.error(text("the command comes before its arguments: flowersorter {command} ...", command=command))
    if names:
        parser.error(text("{name!r} is neither a photo nor a folder", name=names[0]))
    if values.device != "auto" or values.backbone is not None:
        parser.error(text("--device and --backbone go with a command; in the window they are preferences"))
    if not all(words):
        parser.error(text("the path is empty"))
    values.roots = tuple(map(Path, words))
    return values


def _add_verb(verbs: _Verbs, verb: Verb) -> None:
    title = worded(verb.title)
    parser = verbs.add_parser(
        verb.name,
        help=verb.title,
        description=f"{title[0].upper()}{title[1:]}. {worded(verb.more)}".strip(),
        allow_abbrev=False,
    )
    verb.add_to(parser)
    parser.add_argument("--json", action="store_true", help=text("one JSON object a line on stdout"))
    _add_version(parser, argparse.SUPPRESS)
    _add_common(parser)


def _add_version(parser: LineParser, effect: str) -> None:
    parser.add_argument("--version", action="version", version=f"FlowerSorter {flowersorter.__version__}", help=effect)


def _add_common(parser: LineParser) -> None:
    common = parser.add_argument_group(text("common options, anywhere on the line"))
    common.add_argument(
        "--collection",
        type=to_path,
        metavar="DIR",
        help=text(
            "folder with FlowerSorter's labels, models and history (default: FLOWERSORTER_COLLECTION, else your data "
            "folder)"
        ),
    )
    common.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help=text("device to run on (default: auto)"),
    )
    common.add_argument("--backbone", metavar="NAME", help=text('a name from "flowersorter backbones"'))
