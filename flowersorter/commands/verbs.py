"""Every command of the program: its name, its help, its options. The module of the same name has its `run`.

Nothing heavy is imported here: the help, the window and a wrong line need all commands and run none.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from flowersorter.commands.shared.argument_types import to_count, to_model_id, to_number, to_path, to_report
from flowersorter.commands.shared.line_parser import LineParser
from flowersorter.messages import text


def _nothing_more(parser: LineParser) -> None:
    """Add no option."""


@dataclass(frozen=True, slots=True)
class Verb:
    """A command, registered once for the grammar, the help and the dispatch.

    Attributes:
        name: As it is typed.
        title: One line for the list of commands, lower case, without a full stop.
        more: Sentences that only its own help has.
        add_to: Adds its arguments and options to its parser.
    """

    name: str
    title: str
    more: str = ""
    add_to: Callable[[LineParser], None] = _nothing_more

    @property
    def module(self) -> str:
        """The module with its ``run(call)``, imported when the command runs."""
        return f"flowersorter.commands.{self.name.replace('-', '_')}" + ("_" if self.name == "import" else "")


def _add_predict(parser: LineParser) -> None:
    parser.add_argument("paths", type=to_path, nargs="+", metavar="PATH", help=text("photos and folders"))
    parser.add_argument(
        "--top",
        type=to_number,
        metavar="N",
        default=5,
        help=text("show at most N suggestions for a photo (default: 5)"),
    )
    parser.add_argument(
        "--order",
        choices=("name", "date"),
        default="name",
        help=text("list the photos of a folder by name or date taken"),
    )
    parser.add_argument(
        "--name", metavar="TEXT", default="", help=text("only photos of a folder with TEXT in their file name")
    )
    table = parser.add_mutually_exclusive_group()
    table.add_argument(
        "--csv", action="store_const", const="comma", help=text("print a table for a spreadsheet, with commas and 0.95")
    )
    table.add_argument(
        "--csv-semicolon",
        dest="csv",
        action="store_const",
        const="semicolon",
        help=text("the same with semicolons and 0,95, as spreadsheets of many countries expect it"),
    )
    _add_scan_options(parser)


def _add_scan_options(parser: LineParser) -> None:
    group = parser.add_argument_group(text("scope of the scan, remembered for the folder"))
    group.add_argument(
        "--exclude",
        action="append",
        metavar="PATTERN",
        help=text(
            "leave out folders and photos with such a name (raw, *.tif) or path from FOLDER (day/raw, **/old); repeat "
            "for several; replaces the patterns remembered"
        ),
    )
    group.add_argument("--no-exclude", action="store_true", help=text("leave out nothing by name"))
    group.add_argument(
        "--recursive",
        action=argparse.BooleanOptionalAction,
        help=text("scan sub-folders as well, or not (default: yes)"),
    )
    group.add_argument(
        "--follow-links",
        action=argparse.BooleanOptionalAction,
        help=text("follow links that lead out of FOLDER, or not (default: no)"),
    )


def _add_groups(parser: LineParser) -> None:
    parser.add_argument("folder", type=to_path, metavar="FOLDER")
    _add_scan_options(parser)


def _add_label(parser: LineParser) -> None:
    parser.add_argument("photos", type=to_path, nargs="+", metavar="PHOTO")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--as", dest="class_name", metavar="CLASS", help=text("the class that the photos show; a new one is created")
    )
    what.add_argument("--remove", action="store_true", help=text("remove the label and go back to the suggestion"))
    parser.add_argument(
        "--move-copies",
        action="store_true",
        help=text("with --as, also move the copies you sorted into the class's folder"),
    )


def _add_sort(parser: LineParser) -> None:
    parser.add_argument("folders", type=to_path, nargs="+", metavar="FOLDER", help=text("folders, or single photos"))
    parser.add_argument("--to", type=to_path, metavar="DEST", required=True, help=text("create the class folders here"))
    mode = parser.add_mutually_exclusive_group()
    for name, effect in (
        ("copy", text("keep the originals (default)")),
        ("move", text("remove the originals after verifying each copy")),
        ("link", text("make hard links: no extra space, one and the same file; on the same drive only")),
        ("symlink", text("make pointers to the originals, also on another drive; they stop working without them")),
    ):
        mode.add_argument(f"--{name}", dest="mode", action="store_const", const=name, default="copy", help=effect)
    parser.add_argument("--dry-run", action="store_true", help=text("only show what would be done"))
    parser.add_argument(
        "--only-sure", action="store_true", help=text("sort only sure suggestions and confirmed photos")
    )
    parser.add_argument(
        "--aside", action="store_true", help=text("put photos that would be left behind in a folder named “Not sure”")
    )
    parser.add_argument(
        "--move-duplicates",
        action="store_true",
        help=text(
            "with --move, also move duplicates and photos that are there already, into a folder named “Duplicates”"
        ),
    )
    parser.add_argument(
        "--remove-empty-folders",
        action="store_true",
        help=text("with --move, also remove the folders that become empty; undo makes them again"),
    )
    parser.add_argument(
        "--pattern",
        metavar="P",
        help=text(
            "sub-folders of the class, such as {{class}}/{{date:%%Y}} or {{class}}/{{camera}} (default: as in the "
            "last sort)"
        ),
    )
    parser.add_argument(
        "--move-copies",
        action="store_true",
        help=text("also move the copies you sorted before into the folders of their classes"),
    )
    _add_scan_options(parser)


def _add_train(parser: LineParser) -> None:
    parser.add_argument("folder", type=to_path, metavar="FOLDER")
    parser.add_argument("--add", action="store_true", help=text("learn from the photos you labelled before as well"))
    parser.add_argument(
        "--deep",
        action="store_true",
        help=text(
            "train the network itself too: minutes instead of seconds, for a bit more accuracy; Ctrl+C keeps the "
            "best epoch so far"
        ),
    )
    parser.add_argument(
        "--unfreeze",
        type=int,
        choices=(0, 1, 2),
        help=text("with --deep: number of network stages to train beside the final layer (default: 1)"),
    )
    parser.add_argument(
        "--epochs", type=to_number, metavar="N", help=text("with --deep: number of passes over the photos")
    )
    _add_scan_options(parser)


def _add_evaluate(parser: LineParser) -> None:
    parser.add_argument(
        "folder",
        type=to_path,
        nargs="?",
        metavar="FOLDER",
        help=text("has one sub-folder per class; nothing is learned from it"),
    )
    parser.add_argument(
        "--report",
        type=to_report,
        metavar="FILE",
        help=text(
            "save everything: .html is one page with all figures and thumbnails of the mistakes, .csv has a line for "
            "each photo (and beside it one for each class: good.csv and good.classes.csv)"
        ),
    )
    _add_scan_options(parser)


def _add_label_errors(parser: LineParser) -> None:
    parser.add_argument("--limit", type=to_number, metavar="N", help=text("list at most N labels"))


def _add_next(parser: LineParser) -> None:
    parser.add_argument(
        "folder",
        type=to_path,
        nargs="?",
        metavar="FOLDER",
        help=text("choose among its photos (default: all known photos)"),
    )
    parser.add_argument(
        "-n", "--count", type=to_number, metavar="N", default=10, help=text("list N photos to label (default: 10)")
    )


def _add_models(parser: LineParser) -> None:
    action = parser.add_mutually_exclusive_group()
    action.add_argument(
        "--use",
        type=to_model_id,
        metavar="ID",
        help=text('use this model from now on; "starter" is the one that ships'),
    )
    action.add_argument(
        "--compare", type=to_model_id, nargs=2, metavar="ID", help=text("show what changes between two models")
    )
    action.add_argument(
        "--note", nargs=2, metavar=("ID", "TEXT"), help=text("give a model a note; it is then never pruned")
    )
    action.add_argument(
        "--delete", type=int, metavar="ID", help=text("delete a model permanently, unless it is in use")
    )
    action.add_argument(
        "--prune",
        type=to_count,
        metavar="N",
        help=text("delete old models; keep the newest N, the one in use and those with a note"),
    )


def _add_export(parser: LineParser) -> None:
    parser.add_argument("file", type=to_path, metavar="FILE")


def _add_import(parser: LineParser) -> None:
    parser.add_argument("file", type=to_path, metavar="FILE")
    parser.add_argument("--use", action="store_true", help=text("use it from now on"))


def _add_history(parser: LineParser) -> None:
    parser.add_argument(
        "sort", type=to_number, nargs="?", metavar="SORT", help=text("number of a sort, to list its photos")
    )


def _add_undo(parser: LineParser) -> None:
    parser.add_argument(
        "sort", type=to_number, nargs="?", metavar="SORT", help=text("number from the history (default: the newest)")
    )
    parser.add_argument(
        "--yes",
        action="store_true",
        help=text(
            "also take back photos that you moved or renamed within the destination, or edited since they were moved"
        ),
    )


def _add_verify(parser: LineParser) -> None:
    parser.add_argument(
        "destination",
        type=to_path,
        nargs="?",
        metavar="DEST",
        help=text("verify only what is in this folder (default: all)"),
    )


def _add_backbones(parser: LineParser) -> None:
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--download", metavar="NAME", help=text("download its weights; resumes an interrupted download")
    )
    source.add_argument("--from", dest="file", type=to_path, metavar="FILE", help=text("read its weights from a file"))


#: Every command, in the order of the help; a first word that is none of them is a folder to open in the window.
VERBS = (
    Verb(
        "predict",
        text("show the best suggestions for photos and folders"),
        text("Does not change any photo."),
        _add_predict,
    ),
    Verb(
        "label",
        text("set or remove the class of photos"),
        text("The model learns from it at the next training. Photos the collection does not know are read first."),
        _add_label,
    ),
    Verb(
        "sort",
        text("put every photo into the folder of its class"),
        text(
            "Predicts new photos first. Never overwrites a file; every sort can be undone. Photos that match none of "
            "the "
            "classes stay where they are."
        ),
        _add_sort,
    ),
    Verb(
        "train",
        text("learn from a folder with one sub-folder per class"),
        text("Makes a new model and uses it from now on."),
        _add_train,
    ),
    Verb(
        "evaluate",
        text("measure how often the model is right"),
        text(
            "Accuracy, recall and precision per class, confusion matrix, calibration. Without FOLDER on your own "
            "labels, "
            "each predicted by a model that never saw it."
        ),
        _add_evaluate,
    ),
    Verb("groups", text("group the photos that look alike, what to name first"), add_to=_add_groups),
    Verb(
        "next",
        text("suggest photos to label next, and say whether there are enough labels"),
        text("Per class: how accurate, how many sure, how much ten more photos would improve it."),
        _add_next,
    ),
    Verb(
        "label-errors",
        text("list the labels that are probably wrong, the worst first"),
        text("Each with the labelled photos it resembles. Photos in two class folders come first."),
        _add_label_errors,
    ),
    Verb("models", text("list, choose, compare and delete the models of the collection"), "", _add_models),
    Verb(
        "export",
        text("save the current model to a file"),
        text(
            "Its ending chooses the format: .pth for plain torchvision, .onnx takes a photo as it is in any ONNX "
            "runtime, "
            ".safetensors carries everything and can be imported elsewhere. For the first two the lines of Python "
            "that use "
            "the file are shown."
        ),
        _add_export,
    ),
    Verb(
        "import",
        text("add a shared model"),
        text(
            "A .safetensors file that was exported here or elsewhere. Every part of it is checked, no code in it is "
            "run."
        ),
        _add_import,
    ),
    Verb("history", text("list all sorts, or the photos of one"), "", _add_history),
    Verb("undo", text("undo a sort"), text("Photos you have edited since then are kept, with the reason."), _add_undo),
    Verb(
        "verify",
        text("check that every sorted photo still has the bytes it was sorted with"),
        text(
            "Reads every sorted photo and sidecar file, and changes nothing. Lists what rotted (other bytes, though no "
            "program wrote to it), is gone, cannot be read, was edited, or was moved within its destination. Exits "
            "with 1 "
            "if something rotted, is gone or cannot be read, else with 0."
        ),
        _add_verify,
    ),
    Verb(
        "recover",
        text("repair after a crash or a damaged library"),
        text(
            "Every command finishes by itself what a crash interrupted. A library that cannot be read is restored "
            "from its "
            "newest good backup by this command only; the damaged file is kept."
        ),
    ),
    Verb("backbones", text("list the image networks, or get another one"), "", _add_backbones),
    Verb("doctor", text("check the installation and the collection")),
)

#: What earlier versions called a command.
FORMER_NAMES = {"doubts": "label-errors", "advise": "next"}
