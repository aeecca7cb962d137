"""The grammar of the command line: options anywhere, and help with what is nearly right."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowersorter.commands.shared.line_parser import UsageError
from flowersorter.commands.shared.parser import parse, parse_window


def problem(*arguments: str) -> tuple[str, str]:
    """First and last line of what is said about a wrong line: the usage and the error."""
    with pytest.raises(UsageError) as caught:
        parse(arguments)
    lines = caught.value.text.splitlines()
    return lines[0], lines[-1]


@pytest.mark.parametrize(
    "line",
    [
        "sort photos --to there --json --move",
        "sort --json --move --to there photos",
        "sort --to=there --json photos --move",
        "--json --move sort --to there photos",
        "--to there --json --move sort photos",
        "--move sort --json --to there -- photos",
    ],
)
def test_options_stand_anywhere(line: str) -> None:
    options = parse(line.split())
    assert (options.verb, options.folders, options.to) == ("sort", [Path("photos")], Path("there"))
    assert (options.json, options.mode, options.dry_run) == (True, "move", False)


def test_options_stand_between_several_arguments() -> None:
    options = parse(["predict", "a.jpg", "--json", "b.jpg", "--device", "cpu", "c.jpg"])
    assert options.paths == [Path("a.jpg"), Path("b.jpg"), Path("c.jpg")]
    assert (options.json, options.device) == (True, "cpu")


def test_a_value_is_not_taken_for_a_command() -> None:
    assert parse(["--collection", "label", "sort", "photos", "--to", "export"]).verb == "sort"
    assert parse(["models", "--note", "3", "import"]).note == ["3", "import"]
    assert parse(["--use", "import", "shared.safetensors"]).use is True  # of import it takes no value
    assert parse(["--use", "3", "models"]).use == 3


def test_two_hyphens_end_the_options() -> None:
    assert parse(["train", "--json", "--", "--odd"]).folder == Path("--odd")
    assert parse(["predict", "--", "--", "-x"]).paths == [Path("--"), Path("-x")]
    window = parse_window(["--collection", "g", "--", "./-sort"])
    assert window is not None
    assert window.roots == (Path("-sort"),)


@pytest.mark.parametrize(
    ("line", "usage", "error"),
    [
        ("groups", "groups", "the following arguments are required: FOLDER"),
        ("predict", "predict", "the following arguments are required: PATH"),
        ("label", "label", "the following arguments are required: PATH"),
        ("label a --as b --remove", "label", "argument --remove: not allowed with argument --as"),
        ("train a b", "train", "there is one argument too many: 'b'"),
        ("doctor a", "doctor", "there is one argument too many: 'a'"),
        ("label a --jso", "label", "there is no option --jso; did you mean --json?"),
        ("--jso label a", "label", "there is no option --jso; did you mean --json?"),
        ("sort a --too there", "sort", "there is no option --too; did you mean --to?"),
        ("sort a --to -there", "sort", "there is no option -there"),
        ("label a --move", "label", "--move does not go here, but with sort, watch"),
        ("undo -1", "undo", "argument SORT: '-1' is not a whole number of 1 or more"),
        ("next -n 0", "next", "argument -n/--count: '0' is not a whole number of 1 or more"),
        ("train a --epochs 0", "train", "argument --epochs: '0' is not a whole number of 1 or more"),
        ("evaluate --report x.pdf", "evaluate", "argument --report: the report must end in .html or .csv, not 'x.pdf'"),
        ("models --prune some", "models", "argument --prune: 'some' is not a valid number of models to keep"),
    ],
)
def test_a_wrong_command_shows_its_own_usage(line: str, usage: str, error: str) -> None:
    first, last = problem(*line.split())
    assert first.startswith(f"usage: flowersorter {usage} ")
    assert last == f"flowersorter {usage}: error: {error}"


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("lable", "there is no command 'lable'; did you mean label?"),
        ("lable photos --json", "there is no command 'lable'; did you mean label?"),
        ("doubts --json", "there is no command 'doubts'; did you mean label-errors?"),
        ("advise photos -n 3", "there is no command 'advise'; did you mean next?"),
        ("holiday", "'holiday' is neither a command nor a folder; \"flowersorter --help\" lists the commands"),
        ("/photos --colection g", "there is no option --colection; did you mean --collection?"),
        ("--nonsense", "there is no option --nonsense"),
        ("/photos --json", "--json does not go here, but with predict, label, sort and others"),
        ("/photos label", "the command comes before its arguments: flowersorter label ..."),
        ("/photos more", "'more' is neither a photo nor a folder"),
        ("-- -photos -more", "'-photos' is neither a command nor a folder; \"flowersorter --help\" lists the commands"),
        ("/photos --device cpu", "--device and --backbone go with a command; in the window they are preferences"),
    ],
)
def test_a_wrong_line_without_a_command_says_what_was_meant(line: str, error: str) -> None:
    first, last = problem(*line.split())
    assert first == "usage: flowersorter [FOLDER...] [--collection DIR]"
    assert last == f"flowersorter: error: {error}"


def test_an_empty_path_is_none() -> None:
    assert problem("train", "")[1].endswith("argument FOLDER: the path is empty")
    assert problem("")[1].endswith("the path is empty")
    assert problem("label", "a", "--collection", "")[1].endswith("argument --collection: the path is empty")
