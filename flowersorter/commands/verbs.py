"""Every command of the program: its name, its help, its options. The module of the same name has its `run`.

Nothing heavy is imported here: the help, the window and a wrong line need all commands and run none.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from flowersorter.commands.shared.argument_types import to_number, to_path, to_report
from flowersorter.commands.shared.line_parser import LineParser
from flowersorter.commands.shared.verb_options import (
    add_backbones,
    add_check,
    add_doctor,
    add_export,
    add_export_labels,
    add_history,
    add_import,
    add_keywords,
    add_keywords_option,
    add_label,
    add_label_errors,
    add_models,
    add_next,
    add_overwrite,
    add_resume,
    add_target,
    add_undo,
    add_verify,
    add_workers,
)
from flowersorter.messages import text


def _nothing_more(parser: LineParser) -> None:
    """Add no option."""


@dataclass(frozen=True, slots=True)
class Verb:
    """A command, registered once for the grammar, the help and the dispatch.

    Attributes:
        name: As it is typed.
        title: One line for the list of commands, lower case, without a full stop.
        more: Sentences that only its own help shows.
        add_to: Adds its arguments and options to its parser.
        package: The package of its module within `commands`; "" for `commands` itself.
    """

    name: str
    title: str
    more: str = ""
    add_to: Callable[[LineParser], None] = _nothing_more
    package: str = ""

    @property
    def module(self) -> str:
        """The module with its ``run(call)``, imported when the command runs."""
        name = self.name.replace("-", "_") + ("_" if self.name == "import" else "")
        return ".".join(filter(None, ("flowersorter.commands", self.package, name)))


def _add_predict(parser: LineParser) -> None:
    parser.add_argument("paths", type=to_path, nargs="+", metavar="PATH", help=text("photos and folders"))
    parser.add_argument(
        "--top",
        type=to_number,
        metavar="N",
        help=text("show at most N suggestions for a photo (default: 5; in the text about a folder none)"),
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
    add_workers(parser)
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


def _add_sort(parser: LineParser) -> None:
    parser.add_argument("folders", type=to_path, nargs="+", metavar="FOLDER", help=text("folders, or single photos"))
    add_target(parser)
    parser.add_argument("--dry-run", action="store_true", help=text("only show which photo would go where"))
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
    add_keywords_option(parser)
    parser.add_argument(
        "--move-copies",
        action="store_true",
        help=text("also move the copies you sorted before into the folders of their classes"),
    )
    _add_scan_options(parser)


def _add_watch(parser: LineParser) -> None:
    parser.add_argument("folders", type=to_path, nargs="+", metavar="FOLDER")
    add_target(parser)
    add_keywords_option(parser)
    _add_scan_options(parser)


def _add_train(parser: LineParser) -> None:
    help_ = text("has one sub-folder per class (default: learn from the labels of the collection)")
    parser.add_argument("folder", type=to_path, nargs="?", metavar="FOLDER", help=help_)
    parser.add_argument("--add", action="store_true", help=text("learn from the photos you labelled before as well"))
    parser.add_argument(
        "--deep",
        action="store_true",
        help=text(
            "train the network itself too: minutes instead of seconds, for a bit more accuracy; Ctrl+C keeps the "
            "last epoch that is over"
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
    parser.add_argument(
        "--new-classes",
        action="store_true",
        help=text("learn the sub-folders as classes, also if they look like dates or none is a class of yours"),
    )
    _add_flat(parser)
    _add_scan_options(parser)


def _add_flat(parser: LineParser) -> None:
    parser.add_argument("--flat", action="store_true", help=text("no folder in a class folder is another class"))


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
    add_overwrite(parser)
    _add_flat(parser)
    _add_scan_options(parser)


def _add_export_labels(parser: LineParser) -> None:
    add_export_labels(parser)
    _add_scan_options(parser)


def _add_check(parser: LineParser) -> None:
    add_check(parser)
    _add_scan_options(parser)


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
        text("“flowersorter train” learns from it. Photos the collection does not know are read first."),
        add_label,
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
        "watch",
        text("sort new photos as they arrive in a folder"),
        text(
            "First sorts what is there, then waits, until Ctrl+C or SIGTERM. Each batch is a sort of its own that can "
            "be undone. Files that are still being written are left until they are complete."
        ),
        _add_watch,
    ),
    Verb(
        "keywords",
        text("write the class of labelled photos into sidecar files beside them"),
        text(
            "For other programs (darktable, digiKam, Lightroom, Windows), in files named PHOTO.xmp or those that are "
            "there. Changes no photo and nothing else in a sidecar file; undo takes it back."
        ),
        add_keywords,
        "labelling",
    ),
    Verb(
        "train",
        text("learn from your labels, or from a folder with one sub-folder per class"),
        text(
            "Makes a new model and uses it from now on. The sub-folders may be in train and val: val only evaluates. "
            "Folders in them, such as rosa/canina, are classes of their own where no photo is beside them."
        ),
        _add_train,
    ),
    Verb(
        "evaluate",
        text("measure how often the model is right"),
        text(
            "Accuracy, recall and precision per class, confusion matrix, calibration. Without FOLDER on your own "
            "labels, each predicted by a model that never saw it."
        ),
        _add_evaluate,
    ),
    Verb("groups", text("group the photos that look alike"), add_to=_add_groups, package="labelling"),
    Verb(
        "next",
        text("suggest photos to label next, and say whether there are enough labels"),
        text("Per class: how accurate, how many sure, how much ten more photos would improve it."),
        add_next,
        "labelling",
    ),
    Verb(
        "check",
        text("ask about photos drawn at random, and say how many suggestions are right"),
        text(
            "Draws photos without a label until it is sure, and remembers the answers: called again, it goes on. A "
            "right suggestion becomes the label. Without a terminal it lists the photos to answer about."
        ),
        _add_check,
    ),
    Verb(
        "label-errors",
        text("list the labels that are probably wrong, the worst first"),
        text("Each with the labelled photos it resembles. Photos in two class folders come first."),
        add_label_errors,
    ),
    Verb("models", text("list, choose, compare and delete the models of the collection"), "", add_models),
    Verb(
        "export",
        text("save the current model to a file"),
        text(
            "Its ending chooses the format: .pth for plain torchvision, .onnx takes a photo as it is in any ONNX "
            "runtime, .safetensors carries everything and can be imported elsewhere. For the first two the lines "
            "of Python that use "
            "the file are shown."
        ),
        add_export,
    ),
    Verb(
        "export-labels",
        text("save labels and suggestions in a format of other programs"),
        text(
            "CSV, COCO, MegaDetector results as Timelapse opens them, Camtrap DP, Darwin Core. Each tells your labels "
            "from suggestions. Predicts new photos first."
        ),
        _add_export_labels,
        "labelling",
    ),
    Verb(
        "import",
        text("add a shared model"),
        text(
            "A .safetensors file that was exported here or elsewhere. Every part of it is checked, no code in it is "
            "run."
        ),
        add_import,
    ),
    Verb("history", text("list all sorts, or the photos of one"), "", add_history),
    Verb(
        "resume",
        text("continue a sort that was stopped, paused or interrupted"),
        text(
            "Sorts the photos that it did not come to, to the places of its plan, also days later. A photo that has "
            "changed since, or whose place is taken, is left, with the reason."
        ),
        add_resume,
        "maintenance",
    ),
    Verb(
        "undo",
        text("undo a sort, or all since a time"),
        text("Photos you have edited since then are kept, with the reason."),
        add_undo,
    ),
    Verb(
        "verify",
        text("check that every sorted photo still has the bytes it was sorted with"),
        text(
            "Reads every sorted photo and sidecar file, and changes nothing. Lists what rotted (other bytes, though no "
            "program wrote to it), is gone, cannot be read, was edited, or was moved within its destination. Exits "
            "with 1 if something rotted, is gone or cannot be read, else with 0. Ctrl+C stops it; called again, also "
            "days later, it goes on where it stopped. Files that it read more than 30 days ago are read again."
        ),
        add_verify,
        package="maintenance",
    ),
    Verb(
        "recover",
        text("repair after a crash or a damaged library"),
        text(
            "Every command finishes by itself what a crash interrupted. A library that cannot be read is restored "
            "from its "
            "newest good backup by this command only; the damaged file is kept."
        ),
        package="maintenance",
    ),
    Verb("backbones", text("list the image networks, or get another one"), "", add_backbones),
    Verb(
        "doctor",
        text("check the installation and the collection"),
        add_to=add_doctor,
        package="maintenance",
    ),
)

#: Names of commands in earlier versions.
FORMER_NAMES = {"doubts": "label-errors", "advise": "next"}
