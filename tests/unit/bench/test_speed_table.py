"""The table of speed says what was measured: its arithmetic, its texts, and a tiny run from end to end."""

from __future__ import annotations

import json
import os
import platform
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.bench import __main__ as bench_program
from tests.bench.speed import table, walkthrough
from tests.bench.speed.bench import Bench
from tests.bench.speed.camera_photos import write_camera_photos
from tests.bench.speed.machine import machine
from tests.bench.speed.process import JobFailed, run_python
from tests.bench.speed.rows import (
    BEGIN,
    END,
    Row,
    as_markdown,
    as_text,
    growth,
    quantity,
    speedup,
    together,
    worst_ratio,
    write_json,
    write_section,
)

FASTER = Row("label", 3.4, "x", 3.0, "more", "34 a second against 10")
SLOWER = Row("retrain", 1.25, "s", 1.0)
TOLD = Row("memory bandwidth", 28.0, "GB/s")
LOST = Row("start", None, "s", 0.7)


def options(*arguments: str) -> Namespace:
    parser = ArgumentParser()
    parser.add_argument("--photos", type=Path, default=Path("nowhere"))
    table.add_options(parser)
    return parser.parse_args(arguments)


@pytest.mark.parametrize(
    ("row", "met"),
    [
        (FASTER, True),
        (SLOWER, False),
        (TOLD, None),
        (LOST, None),
        (Row("", 3.0, "x", 3.0, "more"), True),
        (Row("", 2.99, "x", 3.0, "more"), False),
        (Row("", 0.0, "", 0.0), True),
        (Row("", 1.0, "", 0.0), False),
    ],
)
def test_a_goal_is_met_from_the_right_side(row: Row, met: bool | None) -> None:
    assert row.met is met


def test_what_a_row_says() -> None:
    assert FASTER.cells == ("label", "3.40 x", "at least 3.00 x", "yes", "34 a second against 10")
    assert SLOWER.cells == ("retrain", "1.25 s", "at most 1.00 s", "NO", "")
    assert TOLD.cells == ("memory bandwidth", "28.0 GB/s", "", "", "")
    assert LOST.cells == ("start", "not measured", "at most 0.700 s", "", "")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.2834, "0.283"),
        (1.266, "1.27"),
        (12.34, "12.3"),
        (5140.2, "5,140"),
        (100.4, "100"),
        (-3.21, "-3.21"),
    ],
)
def test_a_figure_has_the_digits_that_mean_something(value: float, text: str) -> None:
    assert quantity(value, "x") == f"{text} x"
    assert quantity(value, "") == text


def test_ratios_are_of_medians() -> None:
    assert speedup([9.0, 6.0, 100.0], [3.0, 2.0, 1.0]) == pytest.approx(4.5)
    assert together(30.0, 60.0) == pytest.approx(20.0)  # 1/30 + 1/60 of a second each
    assert worst_ratio([2.0, 3.0, 2.5]) == pytest.approx(1.5)


def test_growth_is_what_more_photos_make_of_a_photo() -> None:
    assert growth([9.0, 2.0, 3.0]) == pytest.approx(1.5)  # dear among few, then dearer among more
    assert growth([4.0, 2.0, 1.0]) == pytest.approx(0.5)


def test_the_text_has_a_line_for_each_row_and_each_note() -> None:
    lines = as_text([FASTER, SLOWER]).splitlines()
    assert [line.split()[0] for line in lines] == ["what", "label", "34", "retrain"]
    assert lines[1].index("at least") == lines[3].index("at most") == lines[0].index("goal")


def test_json_holds_all_of_it(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "speed.json"
    write_json(file, [FASTER, LOST], {"CPU": "one"}, {"label": [1, 2]})
    content = json.loads(file.read_text(encoding="utf-8"))
    assert content["machine"] == {"CPU": "one"}
    assert content["figures"] == {"label": [1, 2]}
    assert content["rows"][0] == {
        "what": "label",
        "measured": 3.4,
        "unit": "x",
        "goal": 3.0,
        "better": "more",
        "met": True,
        "note": "34 a second against 10",
    }
    assert content["rows"][1]["measured"] is content["rows"][1]["met"] is None


def test_only_the_section_of_a_document_changes(tmp_path: Path) -> None:
    document = tmp_path / "benchmarks.md"
    document.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    for _ in range(2):
        write_section(document, as_markdown([FASTER], {"CPU": "a | b"}))
    text = document.read_text(encoding="utf-8")
    assert text.startswith(f"before\n{BEGIN}\n\n| what |")
    assert text.endswith(f"\n\n{END}\nafter\n")
    assert "old" not in text
    assert text.count("| label | 3.40 x |") == 1
    other = tmp_path / "other.md"
    other.write_text("nothing", encoding="utf-8")
    with pytest.raises(ValueError, match="has no lines"):
        write_section(other, "")


def test_the_document_of_the_project_has_its_section() -> None:
    text = (Path(__file__).parents[3] / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert text.index(BEGIN) < text.index(END)


def test_the_machine_is_named_without_its_name_or_its_owner() -> None:
    named = machine()
    assert {"CPU", "memory", "system", "Python", "torch", "torchvision"} <= named.keys()
    said = " ".join(named.values())
    assert platform.node() not in said
    assert str(Path.home()) not in said
    assert str(os.cpu_count()) in named["CPU"]


def test_a_measurement_that_fails_is_a_row_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def failing(_bench: Bench) -> Iterator[Row]:
        yield SLOWER
        raise JobFailed("it broke")

    def going_on(_bench: Bench) -> Iterator[Row]:
        yield FASTER

    monkeypatch.setattr(table, "SECTIONS", {"one": failing, "two": going_on, "three": going_on})
    rows = list(table.measured(Bench(tmp_path), ["one", "two"]))
    assert rows == [SLOWER, Row("one", None, "", note="failed: it broke"), FASTER]


def test_the_walkthrough_takes_what_others_take() -> None:
    line = "--train a --val b --backbone resnet50 --weights w.pth --stride-in-first-conv --epochs 1 --limit 7"
    given = walkthrough.options_of(line.split())
    assert (given.train, given.val, given.weights) == (Path("a"), Path("b"), Path("w.pth"))
    assert (given.backbone, given.stride_in_first_conv, given.epochs, given.limit) == ("resnet50", True, 1, 7)


@pytest.mark.parametrize("from_photos", [False, True])
def test_camera_photos_are_all_different(tmp_path: Path, from_photos: bool) -> None:
    source = tmp_path / "small"
    if from_photos:
        write_camera_photos(source, 2, None, (64, 48))
    paths = write_camera_photos(tmp_path / "large", 4, source if from_photos else None, (400, 300))
    assert len({path.read_bytes() for path in paths}) == 4
    assert {path.parent.name for path in paths} == {"roll 1", "roll 2"}
    for path in paths:
        with Image.open(path) as picture:
            assert (picture.size, picture.mode) == ((400, 300), "RGB")


def test_a_job_that_ends_badly_says_what_it_said() -> None:
    with pytest.raises(JobFailed, match="ValueError: no"):
        run_python(["-c", "raise ValueError('no')"])
    with pytest.raises(JobFailed, match="ended with 3"):
        run_python(["-c", "raise SystemExit(3)"])


def test_a_tiny_run_goes_from_end_to_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, document = tmp_path / "speed.json", tmp_path / "benchmarks.md"
    document.write_text(f"{BEGIN}{END}", encoding="utf-8")
    table.speed(options("--tiny", "--rows", "open", "predict", "--json", str(file), "--docs", str(document)))
    content = json.loads(file.read_text(encoding="utf-8"))
    rows = {row["what"]: row for row in content["rows"]}
    assert rows["predictions and verdicts, 2,000 photos"]["measured"] > 0
    for photos in (1_000, 2_000):
        assert rows[f"open a known folder of {photos:,} photos: photo files opened"]["measured"] == 0
        for run in content["figures"][f"open {photos}"]:
            assert (run["photos"], run["without_guess"], run["torch"]) == (photos, 0, False)
    assert "memory bandwidth" in content["machine"]
    said = capsys.readouterr().out
    assert "open a known folder of 1,000 photos: all labels" in said
    assert "| open a known folder of 1,000 photos: all labels |" in document.read_text(encoding="utf-8")
    assert str(tmp_path) not in json.dumps(content)


def test_every_measurement_says_what_it_is_and_how_long_it_takes() -> None:
    text = bench_program.described()
    for name, each in bench_program.MEASUREMENTS.items():
        assert name in text
        assert each.what in text
        assert len(each.what) > 20
        assert each.minutes in text
