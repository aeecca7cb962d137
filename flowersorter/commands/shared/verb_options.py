"""The options of single commands; those that commands share are in `commands/verbs.py`."""

from __future__ import annotations

import argparse

from flowersorter.commands.shared.argument_types import (
    to_count,
    to_goal,
    to_model_id,
    to_moment,
    to_number,
    to_path,
    to_path_pair,
)
from flowersorter.commands.shared.line_parser import LineParser
from flowersorter.domain.export_format import ExportFormat, LabelFormat
from flowersorter.messages import text


def add_check(parser: LineParser) -> None:
    """Add the options of check, without the scope of the scan."""
    parser.add_argument("folder", type=to_path, metavar="FOLDER")
    parser.add_argument(
        "--answers",
        type=to_path,
        metavar="FILE",
        help=text(
            "take the answers from a file with lines PATH,y or PATH,n or just y or n in the order drawn; - is stdin"
        ),
    )
    parser.add_argument(
        "--goal",
        type=to_goal,
        metavar="G",
        default=98,
        help=text("stop when at least G of 100 suggestions are right, 95 %% sure (default: 98)"),
    )
    parser.add_argument(
        "-n",
        "--count",
        type=to_number,
        metavar="N",
        help=text("ask about N photos at most (default: as many as needed)"),
    )
    parser.add_argument("--only-sure", action="store_true", help=text("check the sure suggestions only"))


def add_models(parser: LineParser) -> None:
    """Add the options of models."""
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


def add_doctor(parser: LineParser) -> None:
    """Add the options of doctor."""
    parser.add_argument(
        "--full", action="store_true", help=text("also check the processing device and every number of the weights")
    )


def add_export(parser: LineParser) -> None:
    """Add the options of export."""
    parser.add_argument("file", type=to_path, metavar="FILE")
    add_overwrite(parser)


def add_next(parser: LineParser) -> None:
    """Add the folder and the options of next, without the scope of the scan."""
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


def add_overwrite(parser: LineParser) -> None:
    """Add the option of commands that write a file."""
    parser.add_argument(
        "--overwrite", action="store_true", help=text("replace FILE if it is there (default: ask, or refuse)")
    )


def add_export_labels(parser: LineParser) -> None:
    """Add the options of export-labels, without the scope of the scan."""
    parser.add_argument("folders", type=to_path, nargs="+", metavar="FOLDER", help=text("folders, or single photos"))
    parser.add_argument(
        "--to", dest="file", type=to_path, metavar="FILE", required=True, help=text("the file to write")
    )
    parser.add_argument(
        "--format",
        choices=[form.value for form in ExportFormat],
        help=text("its format (default: csv for a FILE that ends in .csv)"),
    )
    parser.add_argument(
        "--at",
        dest="place",
        metavar="LAT,LON",
        help=text("where the photos were taken, in degrees; camtrap-dp needs it, darwin-core takes it"),
    )
    parser.add_argument("--only-labelled", action="store_true", help=text("leave out photos without a label"))
    add_overwrite(parser)


def add_import(parser: LineParser) -> None:
    """Add the options of import."""
    parser.add_argument("file", type=to_path, metavar="FILE")
    parser.add_argument("--use", action="store_true", help=text("use it from now on"))


def add_history(parser: LineParser) -> None:
    """Add the options of history."""
    parser.add_argument(
        "sort", type=to_number, nargs="?", metavar="SORT", help=text("number of a sort, to list its photos")
    )


def add_label_errors(parser: LineParser) -> None:
    """Add the options of label-errors."""
    parser.add_argument("--limit", type=to_number, metavar="N", help=text("list at most N labels"))


def add_verify(parser: LineParser) -> None:
    """Add the options of verify."""
    parser.add_argument(
        "destination",
        type=to_path,
        nargs="?",
        metavar="DEST",
        help=text("verify only what is in this folder (default: all)"),
    )
    parser.add_argument(
        "--rate",
        type=to_number,
        metavar="MB",
        help=text("read at most so many megabytes a second, to leave the disk to other programs (default: no limit)"),
    )
    parser.add_argument(
        "--again",
        action="store_true",
        help=text("begin anew, instead of going on where an interrupted verification stopped"),
    )


def add_backbones(parser: LineParser) -> None:
    """Add the options of backbones."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--download", metavar="NAME", help=text("download its weights; resumes an interrupted download")
    )
    source.add_argument("--from", dest="file", type=to_path, metavar="FILE", help=text("read its weights from a file"))


def add_resume(parser: LineParser) -> None:
    """Add the options of resume."""
    parser.add_argument(
        "sort",
        type=to_number,
        nargs="?",
        metavar="SORT",
        help=text("number from the history (default: the newest that can be continued)"),
    )


def add_undo(parser: LineParser) -> None:
    """Add the options of undo."""
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument(
        "sort", type=to_number, nargs="?", metavar="SORT", help=text("number from the history (default: the newest)")
    )
    chosen.add_argument(
        "--since",
        type=to_moment,
        metavar="TIME",
        help=text(
            "undo every sort that began at TIME or later, the newest first; a terminal lists them and asks. TIME is "
            "“2026-05-04 14:30”, 2026-05-04, 14:30 of today, or any other form of ISO 8601, such as 2026-W49"
        ),
    )
    parser.add_argument(
        "--yes",
        action="store_true",
        help=text(
            "ask nothing, and also undo photos that you moved or renamed within the destination, and move photos back "
            "that you edited since they were moved; edited copies are always kept"
        ),
    )


def add_keywords(parser: LineParser) -> None:
    """Add the options of keywords."""
    parser.add_argument("folders", type=to_path, nargs="+", metavar="FOLDER", help=text("folders, or single photos"))
    parser.add_argument("--dry-run", action="store_true", help=text("only show which files would get which keywords"))


def add_keywords_option(parser: LineParser) -> None:
    """Add the option of sort that writes keywords."""
    parser.add_argument(
        "--keywords",
        action=argparse.BooleanOptionalAction,
        help=text(
            "write the class of each photo as a keyword into a sidecar file (.xmp) beside it, or not (default: as in "
            "Preferences, at first not)"
        ),
    )


def add_workers(parser: LineParser) -> None:
    """Add the options of predict about the processes that read the photos of folders."""
    group = parser.add_argument_group(text("photos read by several processes or computers (flowersorter[cluster])"))
    chosen = group.add_mutually_exclusive_group()
    chosen.add_argument(
        "--workers", type=to_number, metavar="N", help=text("read the new photos of folders in N processes here")
    )
    chosen.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help=text("read them on the workers of this Dask scheduler, such as tls://10.0.0.5:8786"),
    )
    group.add_argument(
        "--map",
        dest="path_map",
        type=to_path_pair,
        action="append",
        metavar="HERE=THERE",
        help=text("with --cluster: the workers see the folder HERE as THERE; repeat for several"),
    )


def add_target(parser: LineParser) -> None:
    """Add the options of sort and watch about where and how photos are sorted."""
    parser.add_argument("--to", type=to_path, metavar="DEST", required=True, help=text("create the class folders here"))
    mode = parser.add_mutually_exclusive_group()
    for name, effect in (
        ("copy", text("keep the originals (default)")),
        ("move", text("remove the originals after verifying each copy")),
        ("link", text("make hard links: no extra space, one and the same file; on the same drive only")),
        ("symlink", text("make pointers to the originals, also on another drive; they stop working without them")),
    ):
        mode.add_argument(f"--{name}", dest="mode", action="store_const", const=name, default="copy", help=effect)
    parser.add_argument(
        "--only-sure", action="store_true", help=text("sort only sure suggestions and confirmed photos")
    )
    parser.add_argument(
        "--pattern",
        metavar="P",
        help=text(
            "sub-folders of the class, such as {{class}}/{{date:%%Y}} or {{class}}/{{camera}} (default: as in the "
            "last sort into DEST; '' for none)"
        ),
    )


def add_label(parser: LineParser) -> None:
    """Add the options of label."""
    parser.add_argument(
        "photos",
        type=to_path,
        nargs="*",
        metavar="PATH",
        help=text("photos; folders with --from-keywords and --from"),
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--as", dest="class_name", metavar="CLASS", help=text("the class that the photos show; a new one is created")
    )
    what.add_argument("--not", dest="rejected", metavar="CLASS", help=text("a class that they do not show"))
    for name, effect in (
        ("--not-mine", text("they show none of your classes, and are not sorted")),
        ("--dont-know", text("you cannot tell; do not ask about them again")),
        ("--remove", text("remove label and answers, or all labels that the sub-folders of a folder gave")),
    ):
        what.add_argument(name, action="store_true", help=effect)
    what.add_argument(
        "--from-keywords",
        nargs="*",
        metavar="KEYWORD",
        help=text(
            "label photos and the photos in folders with these of their keywords, which digiKam, Lightroom or "
            "darktable wrote (default: those that are classes); labels that you gave stay, those of class folders "
            "follow"
        ),
    )
    what.add_argument(
        "--undo", action="store_true", help=text("take back the labels that --from or --from-keywords gave last")
    )
    _add_label_source(what, parser)
    parser.add_argument(
        "--group",
        type=to_path,
        metavar="FOLDER",
        help=text(
            "with --as, --not, --not-mine and --dont-know: the photos with all their look-alikes without a label, as "
            "“flowersorter groups FOLDER” shows them"
        ),
    )
    parser.add_argument(
        "--move-copies",
        action="store_true",
        help=text("with --as, also move the copies you sorted into the class's folder"),
    )


def _add_label_source(group: argparse._MutuallyExclusiveGroup, parser: LineParser) -> None:
    """Add the options of label that take labels from another program: one to a group that excludes others."""
    group.add_argument(
        "--from",
        dest="source",
        type=to_path,
        metavar="FILE",
        help=text(
            "label the photos in these folders (default: that of FILE) as a table or data set says: CSV, COCO, Label "
            "Studio, a folder or zip archive with one sub-folder per class, a Lobe or Teachable Machine project; "
            "labels that you gave stay, those of class folders follow"
        ),
    )
    parser.add_argument(
        "--format",
        choices=[form.value for form in LabelFormat],
        help=text("with --from, the format of FILE (default: recognise it)"),
    )
    parser.add_argument(
        "--unpack",
        type=to_path,
        metavar="FOLDER",
        help=text(
            "with --from and a packed FILE, unpack its pictures into class folders in FOLDER, and label them there"
        ),
    )
