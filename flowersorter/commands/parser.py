"""The command line's grammar and help."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import flowersorter
from flowersorter.commands.line_parser import LineParser, UsageError, find_command, suggestion

if TYPE_CHECKING:
    _Verbs: TypeAlias = argparse._SubParsersAction[LineParser]

#: Every verb; what is none of them is a folder to open in the window.
VERBS = (
    "label",
    "sort",
    "train",
    "evaluate",
    "doubts",
    "advise",
    "predict",
    "models",
    "export",
    "import",
    "history",
    "undo",
    "recover",
    "backbones",
    "doctor",
)

_USAGE = "flowersorter [FOLDER] [--collection DIR]\n       flowersorter COMMAND [OPTIONS]"

_DESCRIPTION = """\
Labels a folder of photos with a frozen ResNet, learns from your corrections, and files the photos into class folders.

Without a command the window opens, with FOLDER in it if you name one. With a command it works here in the terminal:"""

_EPILOG = """\
examples:
  flowersorter label ~/Pictures/garden            what is in there? Touches no photo
  flowersorter sort ~/Pictures/garden --to ~/Pictures/sorted --dry-run
                                                  show what would be filed where
  flowersorter sort ~/Pictures/garden --to ~/Pictures/sorted
                                                  copy every photo into the folder of its class
  flowersorter undo                               take the last run back
  flowersorter train ~/Pictures/mushrooms         learn classes of your own, one sub-folder for each
  flowersorter evaluate --report how-good.html    how often is the model right, and what does it take for what?
  flowersorter doubts                             which labels are probably wrong?
  flowersorter advise                             are there enough, and which photos are worth a label next?
  flowersorter models --compare 3 5               which photos would another model call something else?
  flowersorter predict IMG_0001.jpg --json | jq .class

what the words mean:
  sure, probable, unsure, new   how much a guess is worth; "new" looks like none of the classes
  collection                        the folder with all that FlowerSorter remembers; your photos are not in it
  backbone                      the frozen network behind the guesses

output and exit codes:
  --json prints one JSON object a line on stdout and nothing else there; progress goes to stderr, on a terminal only.
  A photo:      {"path", "class", "confidence", "verdict", "top": [[class, p], ...]}
  Unreadable:   {"path", "error"}
  sort adds "to" and "action"; sort, train, evaluate, doubts and advise end with {"summary": {...}}
  0 done (unreadable photos are reported, not fatal); 1 failed, with one sentence on stderr; 2 wrong usage;
  130 interrupted: Ctrl+C stops at the next safe point and leaves nothing half-done.

Options stand anywhere on the line; "--" ends them, for a name that begins with a hyphen.
"flowersorter COMMAND --help" tells more about a command.
"""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read a command line.

    Returns:
        The options of the command ``verb``. Without a command ``verb`` is None: the window is wanted, with ``folder``
        (or None) and ``collection``.

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
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _add_version(parser, "show the version and end")
    _add_common(parser)
    verbs: _Verbs = parser.add_subparsers(dest="verb", metavar="COMMAND", title="commands", prog="flowersorter")
    _add_photo_verbs(verbs)
    _add_label_verbs(verbs)
    _add_model_verbs(verbs)
    _add_taking_verbs(verbs)
    _add_history_verbs(verbs)
    _add_care_verbs(verbs)
    return parser, dict(verbs.choices)


def _parse_for_window(
    parser: LineParser, verbs: Mapping[str, LineParser], arguments: Sequence[str]
) -> argparse.Namespace:
    options, words = parser.split(arguments)
    is_name = bool(words) and not {"/", os.sep}.intersection(words[0]) and not Path(words[0]).exists()
    meant = suggestion(words[0], verbs) if is_name else ""
    if meant:
        parser.error(f"there is no command {words[0]!r}{meant}")
    parser.check_options(options, verbs)
    values = parser.parse_args(options)
    if is_name:
        parser.error(f'{words[0]!r} is neither a command nor a folder; "flowersorter --help" lists the commands')
    command = next((word for word in words[1:] if word in verbs), None)
    if command is not None:
        parser.error(f"the command comes before its arguments: flowersorter {command} ...")
    if len(words) > 1:
        parser.error(f"the window opens one folder at a time, not {len(words)}; name only {words[0]!r}")
    if values.device != "auto" or values.backbone is not None:
        parser.error("--device and --backbone go with a command; in the window they are preferences")
    if words and not words[0]:
        parser.error("the path is empty")
    values.folder = Path(words[0]) if words else None
    return values


def _verb(verbs: _Verbs, name: str, title: str, more: str = "", *, json_lines: bool = False) -> LineParser:
    parser = verbs.add_parser(
        name,
        help=title,
        description=f"{title[0].upper()}{title[1:]}. {more}".strip(),
        allow_abbrev=False,
    )
    if json_lines:
        parser.add_argument("--json", action="store_true", help="one JSON object a line on stdout")
    _add_version(parser, argparse.SUPPRESS)
    _add_common(parser)
    return parser


def _add_version(parser: LineParser, text: str) -> None:
    parser.add_argument("--version", action="version", version=f"FlowerSorter {flowersorter.__version__}", help=text)


def _add_common(parser: LineParser) -> None:
    common = parser.add_argument_group("common options, anywhere on the line")
    common.add_argument(
        "--collection",
        type=_path,
        metavar="DIR",
        help="where FlowerSorter remembers (default: FLOWERSORTER_COLLECTION, else your data folder)",
    )
    common.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="where the network runs (default: auto)",
    )
    common.add_argument("--backbone", metavar="NAME", help='a name from "flowersorter backbones"')


def _add_photo_verbs(verbs: _Verbs) -> None:
    label = _verb(verbs, "label", "predict every photo of a folder", "Touches no photo.", json_lines=True)
    label.add_argument("folder", type=_path, metavar="FOLDER")

    sort = _verb(
        verbs,
        "sort",
        "file every photo into the folder of its class",
        "Labels what is new first. Nothing is ever overwritten, every run can be undone. Photos that look like none of "
        "the classes stay where they are.",
        json_lines=True,
    )
    sort.add_argument("folder", type=_path, metavar="FOLDER")
    sort.add_argument("--to", type=_path, metavar="DEST", required=True, help="gets one folder per class")
    mode = sort.add_mutually_exclusive_group()
    for name, effect in (
        ("copy", "leave the photos where they are as well (default)"),
        ("move", "take them away from where they are"),
        ("link", "make hard links: no extra space, one and the same file"),
    ):
        mode.add_argument(f"--{name}", dest="mode", action="store_const", const=name, default="copy", help=effect)
    sort.add_argument("--dry-run", action="store_true", help="only show what would be done")
    sort.add_argument("--only-sure", action="store_true", help="leave everything but sure guesses and labels")
    sort.add_argument("--aside", action="store_true", help="file what would be left in a folder “Not sure” instead")

    predict = _verb(verbs, "predict", "top guesses for single photos", "Remembers nothing.", json_lines=True)
    predict.add_argument("photos", type=_path, nargs="+", metavar="PHOTO")


def _add_model_verbs(verbs: _Verbs) -> None:
    train = _verb(
        verbs,
        "train",
        "learn from a folder with one sub-folder per class",
        "Makes a new model and makes it current.",
        json_lines=True,
    )
    train.add_argument("folder", type=_path, metavar="FOLDER")
    train.add_argument("--add", action="store_true", help="learn from what you labelled before as well")
    train.add_argument(
        "--deep",
        action="store_true",
        help="train the network itself too, from the photos: minutes instead of seconds, for the last points; Ctrl+C "
        "keeps the best epoch so far",
    )
    train.add_argument(
        "--unfreeze",
        type=int,
        choices=(0, 1, 2),
        help="with --deep: how many stages of the network learn beside the final layer (default: 1)",
    )
    train.add_argument("--epochs", type=_number, metavar="N", help="with --deep: how often every photo is shown")

    evaluate = _verb(
        verbs,
        "evaluate",
        "measure how often the model is right",
        "Accuracy, recall and precision per class, confusion matrix, calibration. Without FOLDER on your own labels, "
        "each predicted by a model that never saw it.",
        json_lines=True,
    )
    evaluate.add_argument(
        "folder",
        type=_path,
        nargs="?",
        metavar="FOLDER",
        help="has one sub-folder per class; nothing is learned from it",
    )
    evaluate.add_argument(
        "--report",
        type=_report,
        metavar="FILE",
        help="save everything: .html is one page with all figures and small pictures of the mistakes, .csv has a line "
        "for each photo (and beside it one for each class: good.csv and good.classes.csv)",
    )

    models = _verb(verbs, "models", "list, choose, compare and tidy up the models of the collection", json_lines=True)
    deed = models.add_mutually_exclusive_group()
    deed.add_argument(
        "--use", type=_model_id, metavar="ID", help='make this one current; "starter" is the one that ships'
    )
    deed.add_argument("--compare", type=_model_id, nargs=2, metavar="ID", help="tell what changes from one to another")
    deed.add_argument("--note", nargs=2, metavar=("ID", "TEXT"), help="give a model a note; it is then never pruned")
    deed.add_argument("--delete", type=int, metavar="ID", help="remove a model for good, unless it is in use")
    deed.add_argument(
        "--prune",
        type=_count,
        metavar="N",
        help="remove old models: the newest N stay, and beside these the one in use and those with a note",
    )


def _add_taking_verbs(verbs: _Verbs) -> None:
    export = _verb(
        verbs,
        "export",
        "save the current model to a file",
        "Its ending says in which form: .pth for plain torchvision, .onnx takes a photo as it is in any ONNX runtime, "
        ".safetensors carries everything and can be imported elsewhere. For the first two the lines of Python that use "
        "the file are shown.",
    )
    export.add_argument("file", type=_path, metavar="FILE")

    import_ = _verb(
        verbs,
        "import",
        "add a model that somebody shared",
        "A .safetensors file that was exported here or elsewhere. Every part of it is checked, nothing in it is run.",
    )
    import_.add_argument("file", type=_path, metavar="FILE")
    import_.add_argument("--use", action="store_true", help="make it the current model as well")


def _add_label_verbs(verbs: _Verbs) -> None:
    doubts = _verb(
        verbs,
        "doubts",
        "list the labels that are probably wrong, the worst first",
        "Each with the labelled photos it resembles. Photos that stand in two class folders come before all.",
        json_lines=True,
    )
    doubts.add_argument("--limit", type=_number, metavar="N", help="list only so many")

    label_next = _verb(
        verbs,
        "advise",
        "say whether there are enough labels, and which photos to label next",
        "Per class: how good, how sure, what ten more photos would bring.",
        json_lines=True,
    )
    label_next.add_argument(
        "folder", type=_path, nargs="?", metavar="FOLDER", help="choose among its photos (default: all that are known)"
    )
    label_next.add_argument("--count", type=_number, metavar="N", default=10, help="name so many photos (default: 10)")


def _add_history_verbs(verbs: _Verbs) -> None:
    history = _verb(verbs, "history", "list every run of filing photos, or the photos of one", json_lines=True)
    history.add_argument("run", type=_number, nargs="?", metavar="RUN", help="number of a run, to list its photos")
    undo = _verb(verbs, "undo", "take a run back", "What you changed since is left alone, with the reason.")
    undo.add_argument(
        "run", type=_number, nargs="?", metavar="RUN", help="number from the history (default: the newest)"
    )
    _verb(
        verbs,
        "recover",
        "put right what a crash left half-done, or a damaged library",
        "Every command finishes by itself what a crash left half-done. A library that cannot be read is put back from "
        "its newest good backup by this command only; the damaged file is kept.",
    )


def _add_care_verbs(verbs: _Verbs) -> None:
    backbones = _verb(verbs, "backbones", "list the networks to choose from, or get another one", json_lines=True)
    source = backbones.add_mutually_exclusive_group()
    source.add_argument("--download", metavar="NAME", help="fetch its weights; an interrupted download goes on")
    source.add_argument("--from", dest="file", type=_path, metavar="FILE", help="take its weights from a file")
    _verb(verbs, "doctor", "check the installation and the collection", json_lines=True)


def _path(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("the path is empty")
    return Path(text)


def _report(text: str) -> Path:
    if not text.lower().endswith((".html", ".csv")):
        raise argparse.ArgumentTypeError(f"the report must end in .html or .csv, not {text!r}")
    return Path(text)


def _number(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 1 or more")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a valid number of models to keep")
    return int(text)


def _model_id(text: str) -> int | str:
    return text if text == "starter" else _number(text)
