"""The saved evaluation: a page that needs nothing beside itself, tables, and names that try to be something else."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from flowersorter.cli import main
from flowersorter.domain.figures import ConfidenceBar
from flowersorter.errors import Cancelled, UserError
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.messages import set_translations
from flowersorter.translations import use_translations
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.evaluation import report
from flowersorter.workflows.evaluation.charts.axes import count_axis, log_axis, share_axis
from flowersorter.workflows.evaluation.charts.builders import calibration_scene, confidence_scene, learning_scene
from flowersorter.workflows.evaluation.charts.svg import STYLE, svg
from flowersorter.workflows.evaluation.evaluate import EvaluateRequest, Evaluation, evaluate
from flowersorter.workflows.evaluation.report import ReportRequest, SavedReport, save_report
from flowersorter.workflows.evaluation.report_page import page
from flowersorter.workflows.training.train import TrainFolderRequest, train_folder
from tests.evaluations import evaluation, learning_points
from tests.starter_classes import delete_starter_classes
from tests.stuck import Stuck
from tests.unit.workflows.conftest import draw_photos
from tests.unit.workflows.stored_photos import remember

HOSTILE = ('<script>alert("x")</script>', '"><img src=x onerror=y>', "=HYPERLINK(1) & 'co'")
BOX = {"x", "y", "width", "height"}
VOID = {"meta", "img", "br", "link", "input"}


@dataclass
class Page(HTMLParser):
    """What a browser would see, as far as these tests care."""

    tags: list[str] = field(default_factory=list)
    attributes: list[tuple[str, str | None]] = field(default_factory=list)
    text: str = ""
    open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, name: str) -> list[str]:
        return [value or "" for key, value in self.attributes if key == name]


def read_page(file: Path) -> Page:
    page = Page()
    page.feed(file.read_text(encoding="utf-8"))
    page.close()
    assert page.open == []
    return page


def read_table(file: Path) -> list[list[str]]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.reader(stream))


def saved(engine: Engine, of: Evaluation, file: Path) -> SavedReport:
    return save_report(engine, ReportRequest(of, file, learning_points(0.6, 0.9)), silent, CancelToken())


@pytest.fixture
def mistaken(engine: Engine, sorted_photos: Path, tmp_path: Path) -> Evaluation:
    """Twelve photos measured in their folder, of which the four in "red" are blue."""
    train_folder(engine, TrainFolderRequest(sorted_photos), silent, CancelToken())
    folder = tmp_path / "to measure"
    draw_photos(folder / "red", "blue", 4, first=800)
    draw_photos(folder / "green", "green", 8, first=800)
    return evaluate(engine, EvaluateRequest(folder), silent, CancelToken())


# -- the page


def test_the_page_has_every_figure_and_the_mistakes_and_fetches_nothing(
    engine: Engine, mistaken: Evaluation, tmp_path: Path
) -> None:
    result = saved(engine, mistaken, tmp_path / "report.html")
    assert result.files == (tmp_path / "report.html",)
    page = read_page(result.files[0])
    assert "About 67 of 100 right; with this many photos it could be 39 to 86" in page.text
    assert page.tags.count("svg") == 3
    assert page.tags.count("table") == 2
    assert "script" not in page.tags
    assert "link" not in page.tags
    pictures = page.of("src")
    assert len(pictures) == 4
    assert all(each.startswith("data:image/jpeg;base64,/9j/") for each in pictures)
    assert not page.of("href")
    assert any("default-src 'none'" in each for each in page.of("content"))
    assert "Of the photos of red, 0 % were found (0 of 4)" in page.of("title")
    assert "Of the photos suggested as blue, 0 % are (0 of 4)" in page.of("title")
    assert "4 of red, suggested as blue" in page.of("title")
    for number in range(800, 804):
        assert str(tmp_path / "to measure" / "red" / f"blue_{number}.jpg") in page.text


def test_the_page_is_in_the_language_of_the_person(engine: Engine, mistaken: Evaluation, tmp_path: Path) -> None:
    english = saved(engine, mistaken, tmp_path / "english.html").files[0]
    assert read_page(english).of("lang") == ["en"]
    assert "4 wrong suggestions" in read_page(english).text
    try:
        use_translations(["de_AT"])
        german = saved(engine, mistaken, tmp_path / "deutsch.html").files[0]
    finally:
        set_translations(None)
    assert read_page(german).of("lang") == ["de"]
    assert "4 falsche Vorschläge" in read_page(german).text
    same = {words for words in sentences(english) & sentences(german) if not words.startswith(str(tmp_path))}
    assert same <= set(mistaken.class_names)


def sentences(file: Path) -> set[str]:
    """What is written in a page and in its tool tips, numbers left out."""
    html = re.sub("<style>.*?</style>", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
    found = re.findall('>([^<>]+)<|(?:title|aria-label)="([^"]+)"', html)
    return {text.strip() for texts in found for text in texts if re.search("[a-z]{3}", text)}


def test_a_curve_on_a_network_that_knew_the_photos_says_so(
    engine: Engine, mistaken: Evaluation, tmp_path: Path
) -> None:
    for memorised in (0, 125):
        curve = replace(learning_points(0.6, 0.9), memorised=memorised)
        request = ReportRequest(mistaken, tmp_path / f"{memorised}.html", curve)
        page = read_page(save_report(engine, request, silent, CancelToken()).files[0])
        assert ("trained on 125 of the photos" in page.text) == bool(memorised)


def test_pictures_come_from_the_photos_where_the_cache_was_emptied(
    engine: Engine, mistaken: Evaluation, tmp_path: Path
) -> None:
    for block in engine.collection.thumbnails.files():
        for file in block:
            engine.collection.thumbnails.remove(file)
    (tmp_path / "to measure" / "red" / "blue_800.jpg").unlink()
    page = read_page(saved(engine, mistaken, tmp_path / "report.html").files[0])
    assert len(page.of("src")) == 3
    assert page.text.count("no picture") == 1


def test_a_report_is_cancelled_whatever_a_decoder_does(
    engine: Engine, mistaken: Evaluation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, cancel = Stuck(), CancelToken()
    stuck.when_begun(cancel.cancel)
    monkeypatch.setattr(report, "_picture", stuck)
    with pytest.raises(Cancelled):
        save_report(
            engine, ReportRequest(mistaken, tmp_path / "report.html", learning_points(0.6, 0.9)), silent, cancel
        )
    stuck.gate.set()


def test_names_stay_text_in_the_page(engine: Engine, tmp_path: Path) -> None:
    names = [HOSTILE[0]] * 4 + [HOSTILE[1]] * 4 + [HOSTILE[2]] * 4
    folder = tmp_path / "a <b>bold<!-- folder"
    remember(engine.collection, folder, np.random.default_rng(0).gamma(0.3, size=(12, 2048)).astype(np.float32), names)
    result = evaluate(engine, EvaluateRequest(), silent, CancelToken())
    page = read_page(saved(engine, result, tmp_path / "report.html").files[0])
    assert {"script", "b"} & set(page.tags) <= {"b"}
    assert len(page.of("onerror")) == 0
    for name in HOSTILE:
        assert name in page.text
    assert str(folder) in page.text


def test_bytes_that_are_no_text_do_not_stop_the_report(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "caf\udce9\nnew line"
    names = ["ash"] * 6 + ["elm"] * 6
    remember(engine.collection, folder, np.random.default_rng(0).gamma(0.3, size=(12, 2048)).astype(np.float32), names)
    result = evaluate(engine, EvaluateRequest(), silent, CancelToken())
    assert "caf\\udce9\\nnew line" in read_page(saved(engine, result, tmp_path / "report.html").files[0]).text
    assert any(
        "caf\\udce9\nnew line" in row[0] for row in read_table(saved(engine, result, tmp_path / "a.csv").files[0])
    )


def test_without_mistakes_the_page_says_so(engine: Engine, tmp_path: Path) -> None:
    of = evaluation()
    perfect = replace(of, predicted=of.true, place_ids=np.zeros(10, np.int64))
    page = read_page(saved(engine, perfect, tmp_path / "report.html").files[0])
    assert "Every suggestion was right" in page.text


def test_of_a_thousand_classes_the_page_lists_the_mistakes_and_not_a_million_cells() -> None:
    shown = page(evaluation(classes=1000), [], None).decode()
    assert len(shown) < 400_000
    assert "The 3 most frequent mistakes" in shown
    rows = shown[shown.index("Which classes it confuses") :]
    assert '<tr><th scope="row">tulips</th><td>roses</td><td>2 of 3</td></tr>' in rows
    assert rows.index(">tulips</th><td>roses<") < rows.index(">daisy</th><td>roses<")


# -- the tables


def test_the_tables_have_a_line_for_each_photo_and_each_class(
    engine: Engine, mistaken: Evaluation, tmp_path: Path
) -> None:
    result = saved(engine, mistaken, tmp_path / "report.csv")
    assert result.files == (tmp_path / "report.csv", tmp_path / "report.classes.csv")
    head, *rows = read_table(result.files[0])
    assert head == ["path", "true", "predicted", "confidence"]
    assert len(rows) == 12
    for path, true, predicted, confidence in rows:
        assert Path(path).parent == tmp_path / "to measure" / true
        assert predicted == ("blue" if true == "red" else "green")
        assert 0 < float(confidence) <= 1
    head, *rows = read_table(result.files[1])
    by_class = {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in rows}
    assert by_class["red"]["photos"] == by_class["red"]["suggested as blue"] == "4"
    assert (by_class["red"]["recall"], by_class["red"]["precision"]) == ("0.0000", "")
    assert by_class["green"]["recall"] == by_class["green"]["precision"] == "1.0000"
    assert by_class["blue"]["recall"] == ""


def test_no_name_is_run_as_a_formula(engine: Engine, tmp_path: Path) -> None:
    files = saved(engine, evaluation(names=("=1+1", 'comma, "quote"', "@x\nline")), tmp_path / "report.csv").files
    for file in files:
        for row in read_table(file):
            assert len({len(each) for each in read_table(file)}) == 1
            assert not any(cell.startswith(("=", "+", "@")) for cell in row)
    assert {row[1] for row in read_table(files[0])[1:]} == {"'=1+1", 'comma, "quote"', "'@x\nline"}


# -- what goes wrong


@pytest.mark.parametrize("name", ["report.pdf", "report", "html"])
def test_another_ending_is_refused(engine: Engine, tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match=r"ends in \.html or \.csv"):
        saved(engine, evaluation(), tmp_path / name)


@pytest.mark.parametrize("ending", ["html", "csv"])
def test_what_the_disk_refuses_is_said(engine: Engine, tmp_path: Path, ending: str) -> None:
    with pytest.raises(UserError, match="was not written"):
        saved(engine, evaluation(), tmp_path / "no folder" / f"report.{ending}")


def test_a_cancelled_report_leaves_the_one_before(engine: Engine, mistaken: Evaluation, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text("the one before")
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        save_report(engine, ReportRequest(mistaken, file), silent, cancel)
    assert file.read_text() == "the one before"


# -- the figures


def test_the_figures_are_xml_and_every_mark_says_itself() -> None:
    of, curve = evaluation(), learning_points(0.6, 0.8, 0.9)
    for scene, marks in (
        (calibration_scene(of.bins), 4),
        (confidence_scene(of.histogram), 6),
        (learning_scene(curve), 3),
    ):
        root = ElementTree.fromstring(svg(scene))
        assert root.get("role") == "img"
        assert root.get("aria-label")
        said = [each for each in root.iter() if each.find("title") is not None]
        assert len(said) == marks
        for each in root.iter():
            for name in ("x", "y", "cx", "cy", "width", "height"):
                value = each.get(name)
                assert value is None or 0 <= float(value) <= 460


def test_one_photo_among_thousands_is_seen_in_the_report_as_in_the_window() -> None:
    bars = [ConfidenceBar(0.0, 0.5, 5000, 1), ConfidenceBar(0.5, 1.0, 1, 0)]
    marks = [each for each in ElementTree.fromstring(svg(confidence_scene(bars))).iter("rect") if len(each)]
    assert [each.findtext("title") for each in marks] == [
        "1 photo wrong, confidence 0 % to 50 %",
        "5,000 photos right, confidence 0 % to 50 %",
        "1 photo right, confidence 50 % to 100 %",
    ]
    (few, many, one) = ({name: float(value) for name, value in each.items() if name in BOX} for each in marks)
    assert few["height"] >= 4
    assert one["height"] >= 4
    assert few["y"] - (many["y"] + many["height"]) == pytest.approx(1, abs=0.2), "they can be told apart"


def test_every_colour_of_a_chart_follows_light_and_dark() -> None:
    of = evaluation()
    scenes = (calibration_scene(of.bins), confidence_scene(of.histogram), learning_scene(learning_points(0.6, 0.9)))
    used = {
        name for scene in scenes for each in ElementTree.fromstring(svg(scene)).iter() if (name := each.get("class"))
    }
    light, dark = STYLE.split("@media (prefers-color-scheme: dark)")
    for name in " ".join(used).split():
        assert f"svg .{name} {{" in light
        assert f"svg .{name} {{" in dark


def test_axes_have_round_ticks_that_reach_the_largest() -> None:
    for most in (0, 1, 3, 7, 99, 100, 101, 12345):
        axis = count_axis("", most)
        values = [value for value, _ in axis.ticks]
        assert axis.high >= most
        assert values[0] == 0
        assert values[-1] == axis.high
        assert 2 <= len(values) <= 7
        assert all(float(value).is_integer() for value in values)
    assert [text for _, text in share_axis("").ticks] == ["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"]
    assert [text for _, text in share_axis("", 0.7).ticks] == ["70 %", "80 %", "90 %", "100 %"]
    assert [text for _, text in log_axis("", 1, 190).ticks] == ["1", "2", "5", "10", "20", "50", "100", "200"]
    one = log_axis("", 3, 3)
    assert 0 < one.share(3) < 1


# -- in the terminal


def labelled(tmp_path: Path) -> Path:
    with CollectionStore.open(tmp_path / "collection") as collection:
        delete_starter_classes(collection)
        draw = np.random.default_rng(0)
        embeddings = draw.gamma(0.3, size=(40, 2048)).astype(np.float32)
        embeddings[::2, :32] += 2
        remember(collection, tmp_path / "photos", embeddings, ["ash", "elm"] * 20)
    return tmp_path / "collection"


def test_without_a_folder_the_labels_of_the_collection_are_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    collection = labelled(tmp_path)
    assert main(["evaluate", "--collection", str(collection)]) == 0
    told = capsys.readouterr().out
    assert "of 100 right; with this many photos it could be" in told
    assert "each predicted by a model that never saw it" in told


def test_the_report_is_written_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    collection, file = labelled(tmp_path), tmp_path / "how good.html"
    assert main(["evaluate", "--collection", str(collection), "--json", "--report", str(file)]) == 0
    [line] = io.StringIO(capsys.readouterr().out)
    assert json.loads(line)["summary"]["report"] == [str(file)]
    assert read_page(file).tags.count("svg") == 3, "with the learning curve"


def test_a_report_that_cannot_be_written_is_said_before_measuring(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        main(["evaluate", "--collection", str(tmp_path / "collection"), "--report", str(tmp_path / "no" / "r.csv")])
        == 1
    )
    assert "its folder does not exist" in capsys.readouterr().err
    assert not (tmp_path / "collection").exists()
    assert main(["evaluate", "--report", "report.pdf"]) == 2
    assert "must end in .html or .csv" in capsys.readouterr().err
