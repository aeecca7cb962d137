"""Labels of other programs are read, matched with photos, and taken; whatever is wrong in them harms nothing."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowersorter.domain.export_format import LabelFormat
from flowersorter.domain.label import LabelOrigin
from flowersorter.domain.photo_answers import Mark
from flowersorter.domain.photo_class import ClassOrigin
from flowersorter.errors import Cancelled, UndoRefused, UserError
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.tables.settings import TAKEN_LABELS
from flowersorter.workflows.csv_table import csv_bytes
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.exchange.label_import import read_labels as reading
from flowersorter.workflows.exchange.label_import.coco_labels import coco_labels
from flowersorter.workflows.exchange.label_import.csv_labels import csv_labels
from flowersorter.workflows.exchange.label_import.given_labels import GivenLabels, Omission
from flowersorter.workflows.exchange.label_import.label_photos import (
    FindLabelsRequest,
    FoundLabels,
    TakeLabelsRequest,
    find_labels,
    take_labels,
)
from flowersorter.workflows.exchange.label_import.label_studio import label_studio_labels
from flowersorter.workflows.exchange.label_import.match_photos import PhotoNames, Unmatched, as_written
from flowersorter.workflows.exchange.label_import.read_labels import read_labels
from flowersorter.workflows.exchange.label_import.take_labels import (
    TakenLabels,
    UndoneLabels,
    restore_labels,
    undo_taken_labels,
)
from flowersorter.workflows.labelling.label_photo import (
    AnswerPhotoRequest,
    LabelPhotoRequest,
    answer_photo,
    label_photo,
)
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder
from flowersorter.workflows.training.train import TrainFolderRequest, train_folder
from tests.unit.workflows.conftest import draw_photos


def found_in(engine: Engine, source: Path, folder: Path, form: LabelFormat | None = None) -> FoundLabels:
    predict_folder(engine, PredictFolderRequest(folder), silent, CancelToken())
    return find_labels(engine, FindLabelsRequest(source, folder, form), silent, CancelToken())


def taken_from(engine: Engine, found: FoundLabels, chosen: frozenset[str] | None = None) -> TakenLabels:
    return take_labels(engine, TakeLabelsRequest(found, chosen), silent, CancelToken())


def by_name(found: FoundLabels, taken: TakenLabels) -> dict[str, str]:
    return {found.paths[photo_id].name: name for photo_id, name in taken.labels.items()}


def labels_of(engine: Engine, source: Path, folder: Path, form: LabelFormat | None = None) -> dict[str, str]:
    found = found_in(engine, source, folder, form)
    return by_name(found, taken_from(engine, found))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with four red photos, and two blue ones below it."""
    draw_photos(tmp_path / "photos", "red", 4)
    draw_photos(tmp_path / "photos" / "day 1", "blue", 2)
    return tmp_path / "photos"


def test_a_table_labels_photos_and_says_what_it_leaves_out(engine: Engine, folder: Path) -> None:
    table = folder / "labels.csv"
    lines = [
        "path;species;note",
        "red_0.jpg;Rose;",
        r"day 1\blue_0.jpg;Lily;written on Windows",
        f"{folder / 'red_1.jpg'};rose;an absolute path",
        "RED_2.JPG;Rose;another case",
        "blue_1.jpg;Lily;its name alone",
        "red_3.jpg;Rose;two labels",
        "red_3.jpg;Lily;two labels",
        "red_3.jpg;;none",
        "gone.jpg;Rose;",
        "../../secret/red_0.jpg;Rose;",
        r"C:\Users\me\red_0.jpg;Rose;",
    ]
    table.write_text("\n".join(lines), encoding="utf-8")
    found = found_in(engine, table, folder)
    assert dict(found.unmatched) == {
        "gone.jpg": Unmatched.NOT_FOUND,
        "../../secret/red_0.jpg": Unmatched.OUTSIDE,
        r"C:\Users\me\red_0.jpg": Unmatched.OUTSIDE,
    }
    taken = taken_from(engine, found)
    assert by_name(found, taken) == {
        "red_0.jpg": "Rose",
        "red_1.jpg": "Rose",
        "red_2.jpg": "Rose",
        "blue_0.jpg": "Lily",
        "blue_1.jpg": "Lily",
    }
    assert taken.ambiguous == ((folder / "red_3.jpg", ("Rose", "Lily")),)
    assert found.without_class == 1
    assert [entry.name for entry in engine.collection.classes.all()][-2:] == ["Lily", "Rose"]
    restore_labels(engine.collection, taken)
    assert engine.collection.labels.all() == {}


def test_a_label_stays_and_only_chosen_classes_are_taken(engine: Engine, folder: Path) -> None:
    table = folder / "labels.csv"
    table.write_text("path,label\nred_0.jpg,Rose\nred_1.jpg,Rose\nred_2.jpg,Lily\n")
    found = found_in(engine, table, folder)
    assert by_name(found, taken_from(engine, found, frozenset({"Lily"}))) == {"red_2.jpg": "Lily"}
    table.write_text("path,label\nred_1.jpg,Rose\nred_2.jpg,Rose\n")
    found = found_in(engine, table, folder)
    taken = taken_from(engine, found)
    assert (by_name(found, taken), taken.kept) == ({"red_1.jpg": "Rose"}, 1)


def test_names_that_cannot_be_classes_are_left_out_with_the_reason(engine: Engine, folder: Path) -> None:
    table = folder / "labels.csv"
    rows = [("red_0.jpg", "../evil"), ("red_1.jpg", "x" * 200), ("red_2.jpg", "Not sure"), ("red_3.jpg", "Rose")]
    table.write_bytes(csv_bytes(("path", "label"), [*rows, ("day 1/blue_0.jpg", "a\u202eb")]))
    found = found_in(engine, table, folder)
    assert {each.name[:8]: each.refused for each in found.classes if each.refused} == {
        "../evil": "it looks like a path",
        "x" * 8: "it has more than 100 characters",
        "Not sure": "it is the folder for photos that FlowerSorter is not sure about",
        "a\u202eb": "it contains characters that change the text direction",
    }
    assert by_name(found, taken_from(engine, found)) == {"red_3.jpg": "Rose"}
    assert all(".." not in entry.name for entry in engine.collection.classes.all())


def test_a_photo_outside_is_not_labelled_though_the_collection_knows_it(
    engine: Engine, folder: Path, tmp_path: Path
) -> None:
    outside = draw_photos(tmp_path / "private", "green", 1)[0]
    predict_folder(engine, PredictFolderRequest(outside.parent), silent, CancelToken())
    table = folder / "labels.csv"
    table.write_text(f"path,label\n../private/{outside.name},Rose\n{outside},Rose\nred_0.jpg,Rose\n")
    found = found_in(engine, table, folder)
    assert set(found.unmatched.values()) == {Unmatched.OUTSIDE}
    assert by_name(found, taken_from(engine, found)) == {"red_0.jpg": "Rose"}


def test_a_name_that_two_photos_have_means_neither(engine: Engine, folder: Path) -> None:
    draw_photos(folder / "day 2", "blue", 1)
    table = folder / "labels.csv"
    table.write_text("path,label\nblue_0.jpg,Lily\nday 2/blue_0.jpg,Rose\n")
    found = found_in(engine, table, folder)
    assert found.unmatched == {"blue_0.jpg": Unmatched.SEVERAL}
    # Both files have the same bytes: they are one photo, and its label is that of either.
    assert list(taken_from(engine, found).labels.values()) == ["Rose"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is empty"),
        (b"a,b\n1,2\n", "none of its columns names the photo"),
        (b"path,colour\nred_0.jpg,red\n", "none of its columns names the class"),
        (b"path,label\n" + b'"' + b"x" * 200_000 + b'",Rose\n', "line 2 is not part of a table"),
    ],
)
def test_a_malformed_table_is_refused_in_words(engine: Engine, folder: Path, content: bytes, why: str) -> None:
    (folder / "labels.csv").write_bytes(content)
    with pytest.raises(UserError) as raised:
        found_in(engine, folder / "labels.csv", folder)
    assert raised.value.why == why
    assert str(raised.value).startswith("No labels can be read from labels.csv: ")


@pytest.mark.parametrize(
    ("encoding", "newline"), [("utf-8-sig", "\r\n"), ("utf-16", "\n"), ("cp1252", "\r\n"), ("utf-8", "\n")]
)
def test_tables_of_every_encoding_are_read(folder: Path, encoding: str, newline: str) -> None:
    data = newline.join(("File Name\tCategory", "grün.jpg\tRöschen", "")).encode(encoding)
    given_labels = csv_labels(folder / "x.tsv", data)
    assert [(each.photo, each.class_name) for each in given_labels.labels] == [("grün.jpg", "Röschen")]


def test_a_table_without_names_of_columns_has_the_photo_first(folder: Path) -> None:
    given_labels = csv_labels(folder / "x.csv", b"a.jpg,Rose\nb.png,Lily\n")
    assert [each.class_name for each in given_labels.labels] == ["Rose", "Lily"]


def test_suggestions_in_a_table_of_this_program_are_no_labels(folder: Path) -> None:
    data = b"path,class,label,by\na.jpg,Rose,,model\nb.jpg,Rose,Lily,person\nc.jpg,Rose,Rose,model\n"
    given_labels = csv_labels(folder / "x.csv", data)
    assert [(each.photo, each.class_name) for each in given_labels.labels] == [("b.jpg", "Lily")]
    assert given_labels.left_out == {Omission.SUGGESTION: 2}


def test_a_huge_or_missing_file_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError):
        read_labels(folder / "gone.csv", None, CancelToken())
    monkeypatch.setattr(reading, "MOST_BYTES", 1 << 20)
    (folder / "x.csv").write_bytes(b"a" * ((1 << 20) + 1))
    with pytest.raises(UserError, match="it has more than 1 MB"):
        read_labels(folder / "x.csv", None, CancelToken())


@pytest.mark.parametrize(
    ("name", "form", "why"),
    [
        ("x.xlsx", None, "its format is not known"),
        ("project.tm", None, "it is damaged, or no zip archive"),
        ("x.zip", LabelFormat.COCO, "it is packed"),
        ("x.csv", LabelFormat.LOBE, "it is not a folder"),
    ],
)
def test_a_file_of_another_kind_is_refused(folder: Path, name: str, form: LabelFormat | None, why: str) -> None:
    (folder / name).write_bytes(b"PK")
    with pytest.raises(UserError) as raised:
        read_labels(folder / name, form, CancelToken())
    assert raised.value.why == why


def coco(folder: Path, **changed: Any) -> Path:
    value = {
        "images": [{"id": 1, "file_name": "day 1/blue_0.jpg"}, {"id": "2", "file_name": "red_0.jpg"}],
        "categories": [{"id": 7, "name": "Lily"}, {"id": 9, "name": "Rose"}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 7, "bbox": [0, 0, 1, 1]},
            {"id": 2, "image_id": 1, "category_id": 7, "bbox": [2, 2, 1, 1]},
            {"id": 3, "image_id": "2", "category_id": 9, "score": 0.9},
            {"id": 4, "image_id": 99, "category_id": 9},
        ],
    }
    file = folder / "coco.json"
    file.write_text(json.dumps(value | changed))
    return file


def test_a_coco_data_set_labels_photos_but_its_scores_are_suggestions(engine: Engine, folder: Path) -> None:
    found = found_in(engine, coco(folder), folder)
    assert by_name(found, taken_from(engine, found)) == {"blue_0.jpg": "Lily"}
    assert found.without_class == 1


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"{", "it is damaged or not JSON"),
        (b"\xff\x00", "it is damaged or not JSON"),
        (b"[" * 200_000, "it is damaged or not JSON"),
        (b"[]", "it is of no known kind"),
        (b'{"images": {}}', "it is of no known kind"),
    ],
)
def test_a_malformed_data_set_is_refused_in_words(folder: Path, content: bytes, why: str) -> None:
    (folder / "x.json").write_bytes(content)
    with pytest.raises(UserError) as raised:
        read_labels(folder / "x.json", None, CancelToken())
    assert raised.value.why == why


def test_odd_entries_of_a_data_set_are_passed_over(folder: Path) -> None:
    odd: list[Any] = [None, 3, "x", [], {}, {"id": True}, {"id": {}, "name": 3}]
    file = coco(folder, images=odd, annotations=odd, categories=odd)
    assert read_labels(file, None, CancelToken()).labels == ()


def test_a_folder_per_class_labels_also_with_train_and_val(engine: Engine, tmp_path: Path) -> None:
    data = tmp_path / "data"
    draw_photos(data / "train" / "Rose", "red", 2)
    draw_photos(data / "train" / "Lily", "blue", 2)
    draw_photos(data / "val" / "Rose", "red", 1, first=5)
    assert labels_of(engine, data, data) == {
        "red_0.jpg": "Rose",
        "red_1.jpg": "Rose",
        "red_5.jpg": "Rose",
        "blue_0.jpg": "Lily",
        "blue_1.jpg": "Lily",
    }
    assert {label.origin.value for label in engine.collection.labels.all().values()} == {"person"}


def test_teachable_machine_names_classes_by_folder_or_by_file(engine: Engine, tmp_path: Path) -> None:
    samples, project = tmp_path / "samples", tmp_path / "project"
    draw_photos(samples / "Rose-samples", "red", 1)
    draw_photos(samples / "Class 2-samples (1)", "blue", 1)
    assert labels_of(engine, samples, samples) == {"red_0.jpg": "Rose", "blue_0.jpg": "Class 2"}
    photo = draw_photos(project, "green", 1)[0]
    photo.rename(project / "Class 3-!-0.jpg")
    (project / "manifest.json").write_text('{"type": "image"}')
    assert labels_of(engine, project, project) == {"Class 3-!-0.jpg": "Class 3"}


def lobe_project(folder: Path, photos: list[tuple[Path, str | None, str]]) -> Path:
    """Write a project with these photos, their labels and the names of their blobs."""
    blobs = folder / "data" / "blobs"
    blobs.mkdir(parents=True)
    (folder / "project.json").write_text('{"id": "1", "meta": {"name": "Garden"}}')
    with closing(sqlite3.connect(folder / "db.sqlite")) as database, database:
        database.execute("CREATE TABLE example_images (example_id TEXT, hash TEXT, metadata TEXT)")
        database.execute("CREATE TABLE example_labels (example_id TEXT, label TEXT)")
        for number, (photo, label, blob) in enumerate(photos):
            metadata = json.dumps({"filename": photo.name})
            database.execute("INSERT INTO example_images VALUES (?, ?, ?)", (str(number), blob, metadata))
            if label is not None:
                database.execute("INSERT INTO example_labels VALUES (?, ?)", (str(number), label))
            if "/" not in blob:
                (blobs / blob).write_bytes(photo.read_bytes())
    return folder


def test_a_lobe_project_is_matched_by_bytes_else_by_name(engine: Engine, folder: Path, tmp_path: Path) -> None:
    red, blue = sorted(folder.glob("red_*.jpg")), sorted(folder.rglob("blue_*.jpg"))
    renamed = red[0].rename(folder / "holiday.jpg")
    project = lobe_project(
        tmp_path / "lobe",
        [
            (renamed, "Rose", "aa11"),
            (blue[0], "Lily", "../../photos/red_1.jpg"),  # leads out of the project: known by its name alone
            (red[2], None, "cc33"),
        ],
    )
    (project / "data" / "blobs" / "aa11").write_bytes(renamed.read_bytes())
    renamed.rename(folder / "other name.jpg")
    assert labels_of(engine, project, folder) == {"other name.jpg": "Rose", "blue_0.jpg": "Lily"}


def test_a_damaged_lobe_project_is_refused(tmp_path: Path) -> None:
    project = lobe_project(tmp_path / "lobe", [])
    (project / "db.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(UserError, match="its database is damaged"):
        read_labels(project, None, CancelToken())


def test_reading_can_be_stopped(engine: Engine, folder: Path) -> None:
    (folder / "labels.csv").write_text("path,label\nred_0.jpg,Rose\n")
    predict_folder(engine, PredictFolderRequest(folder), silent, CancelToken())
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        find_labels(engine, FindLabelsRequest(folder / "labels.csv", folder), silent, cancel)


#: Names of files as systems allow them.
_NAMES = st.text(
    st.characters(exclude_characters="/\0" if sys.platform != "win32" else '/\0\\:*?"<>|'), min_size=1, max_size=40
).filter(lambda name: name.strip(". ") == name)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_NAMES, min_size=1, max_size=8, unique=True))
def test_every_name_of_a_photo_comes_back_through_a_table(names: list[str]) -> None:
    root = Path(os.sep, "photos")
    paths = [f"{root}{os.sep}{name}.jpg" for name in names]
    data = csv_bytes(("path", "label"), [(f"{name}.jpg", "Rose") for name in names])
    read = [label.photo for label in csv_labels(root / "x.csv", data).labels]
    finder = PhotoNames(paths, root, [root])
    assert [finder.row_of(name) for name in read] == list(range(len(names)))


@settings(max_examples=300)
@given(
    st.lists(st.text(min_size=1, max_size=40).filter(lambda name: name.strip() == name != ""), min_size=1, max_size=5)
)
def test_every_name_of_a_class_comes_back_through_each_format(names: list[str]) -> None:
    given_names = [name for name in names if not name.startswith("'")]
    rows = [(f"{number}.jpg", name) for number, name in enumerate(given_names)]
    table = csv_labels(Path("x.csv"), csv_bytes(("path", "label"), rows))
    assert [label.class_name for label in table.labels] == given_names
    value = {
        "images": [{"id": number, "file_name": file} for number, (file, _) in enumerate(rows)],
        "categories": [{"id": number, "name": name} for number, (_, name) in enumerate(rows)],
        "annotations": [{"image_id": number, "category_id": number} for number in range(len(rows))],
    }
    data_set = coco_labels(Path("x.json"), json.dumps(value).encode())
    assert [label.class_name for label in data_set.labels] == given_names


@settings(max_examples=300)
@given(st.text(max_size=60), st.sampled_from(["", "../", "/", "..\\", "C:\\", "\\\\server\\"]))
def test_no_name_means_a_photo_that_is_not_among_those_given(written: str, prefix: str) -> None:
    root = Path(os.sep, "photos", "open")
    finder = PhotoNames([f"{root}{os.sep}a.jpg"], root, [root])
    row = finder.row_of(prefix + written)
    assert isinstance(row, Unmatched) or as_written(prefix + written).casefold().endswith("a.jpg")


def test_what_a_person_wrote_down_counts_more_than_the_name_of_a_folder(engine: Engine, tmp_path: Path) -> None:
    data = tmp_path / "data"
    draw_photos(data / "Rose", "red", 2)
    draw_photos(data / "Lily", "blue", 2)
    train_folder(engine, TrainFolderRequest(data), silent, CancelToken())
    assert {label.origin for label in engine.collection.labels.all().values()} == {LabelOrigin.FOLDER}
    before = engine.collection.labels.all()
    table = tmp_path / "labels.csv"
    table.write_text("path,label\nred_0.jpg,Lily\nred_1.jpg,Rose\nblue_0.jpg,Fern\n")
    found = found_in(engine, table, data)
    assert {each.name: each.unlabelled for each in found.classes} == {"Lily": 1, "Rose": 0, "Fern": 1}
    taken = taken_from(engine, found)
    assert by_name(found, taken) == {"red_0.jpg": "Lily", "blue_0.jpg": "Fern"}
    assert (taken.replaced, taken.kept) == (2, 1)
    predict_folder(engine, PredictFolderRequest(data), silent, CancelToken())
    assert all(engine.collection.labels.all()[photo] == label for photo, label in taken.after.items())
    assert undo_taken_labels(engine.collection) == UndoneLabels(2, 0, ("Fern",))
    assert engine.collection.labels.all() == before


def test_what_a_person_answered_otherwise_stays(engine: Engine, folder: Path) -> None:
    draw_photos(folder, "green", 1)
    for name, rejected, mark in (
        ("red_0", None, Mark.NOT_MINE),
        ("red_1", None, Mark.DONT_KNOW),
        ("red_2", "Rose", None),
    ):
        engine.collection.classes.resolve_all(["Rose"], ClassOrigin.PERSON)
        request = AnswerPhotoRequest(folder / f"{name}.jpg", rejected, mark or Mark.NONE)
        answer_photo(engine, request, silent, CancelToken())
    table = folder / "labels.csv"
    table.write_text("path,label\nred_0.jpg,Rose\nred_1.jpg,Rose\nred_2.jpg,Rose\nred_3.jpg,Rose\n")
    found = found_in(engine, table, folder)
    assert [(each.name, each.photos, each.unlabelled) for each in found.classes] == [("Rose", 4, 1)]
    before = engine.collection.answers.get(list(found.by_photo))
    taken = taken_from(engine, found)
    assert (by_name(found, taken), taken.kept) == ({"red_3.jpg": "Rose"}, 3)
    assert engine.collection.answers.get(list(found.by_photo)) == before
    assert len(before) == 3


def test_labels_are_taken_back_but_for_those_changed_since(engine: Engine, folder: Path) -> None:
    table = folder / "labels.csv"
    table.write_text("path,label\nred_0.jpg,Rose\nred_1.jpg,Rose\nred_2.jpg,Lily\n")
    found = found_in(engine, table, folder)
    taken_from(engine, found)
    label_photo(engine, LabelPhotoRequest(folder / "red_1.jpg", "Lily"), silent, CancelToken())
    table.write_text("path,label\nred_0.jpg,Rose\n")
    taken_from(engine, found_in(engine, table, folder))  # changes nothing, and is no step
    assert undo_taken_labels(engine.collection) == UndoneLabels(2, 1, ("Rose",), ("Lily",))
    assert len(engine.collection.labels.all()) == 1
    with pytest.raises(UndoRefused):
        undo_taken_labels(engine.collection)
    taken = taken_from(engine, found_in(engine, table, folder))
    assert [each.name for each in restore_labels(engine.collection, taken)] == ["Rose"]  # in the window
    with pytest.raises(UndoRefused):
        undo_taken_labels(engine.collection)


def test_a_step_of_an_earlier_version_is_taken_back(engine: Engine, folder: Path) -> None:
    table = folder / "labels.csv"
    table.write_text("path,label\nred_0.jpg,Rose\nred_3.jpg,Rose\n")
    taken_from(engine, found_in(engine, table, folder))
    [step] = engine.collection.settings.get(TAKEN_LABELS)
    engine.collection.settings.set(TAKEN_LABELS, step["labels"])
    assert undo_taken_labels(engine.collection) == UndoneLabels(2, 0)
    assert engine.collection.labels.all() == {}


@pytest.mark.parametrize(
    ("content", "number"),
    [
        ('path,label\na.jpg,"Rose\nb.jpg,Lily\nc.jpg,Fern\n', 2),
        ('path,label\na.jpg,Rose\n"b.jpg,Lily\nc.jpg,Fern\nd.jpg,Rose\n', 3),
        ('path,label,size\na.jpg,Rose,"5\nb.jpg,Lily,6"\nc.jpg,Fern,7\n', 2),
        ('path,label,note\na.jpg,Rose,"said hello\nb.jpg,Lily,none\nc.jpg,Fern,"a"b"\n', 2),
        ('sep=;\npath;label\na.jpg;"Rose\nb.jpg;Lily\n', 3),
    ],
)
def test_a_stray_quote_swallows_no_rows_in_silence(folder: Path, content: str, number: int) -> None:
    with pytest.raises(UserError) as raised:
        csv_labels(folder / "x.csv", content.encode())
    assert raised.value.why == f"a quote in line {number} is not closed"


def test_quotes_in_pairs_and_within_cells_are_read(folder: Path) -> None:
    content = 'path,label,note\na.jpg,Rose,"two\nlines, said ""Anna"""\nb.jpg,5" Lily,\n"c.jpg","Rose",x\n'
    given_labels = csv_labels(folder / "x.csv", content.encode())
    assert [(each.photo, each.class_name) for each in given_labels.labels] == [
        ("a.jpg", "Rose"),
        ("b.jpg", '5" Lily'),
        ("c.jpg", "Rose"),
    ]


@pytest.mark.parametrize("lead", ["sep=;\r\n", "\ufeffsep=;\n", "SEP=;\n"])
def test_a_line_that_names_the_delimiter_is_no_row(folder: Path, lead: str) -> None:
    given_labels = csv_labels(folder / "x.csv", f"{lead}path;label\r\na.jpg;Rose, red\r\n".encode())
    assert [each.class_name for each in given_labels.labels] == ["Rose, red"]


def test_lines_with_too_few_cells_are_counted(folder: Path) -> None:
    given_labels = csv_labels(folder / "x.csv", b"path,label\na.jpg\n,Rose\n\nb.jpg,Rose\n,\n")
    assert given_labels.left_out == {Omission.INCOMPLETE: 2}
    assert len(given_labels.labels) == 1


def test_annotations_that_are_left_out_are_counted(folder: Path) -> None:
    annotations = [
        {"image_id": 1, "category_id": 7},
        {"image_id": 1, "category_id": 8},
        {"image_id": 5, "category_id": 7},
        {"image_id": 1, "category_id": 7, "score": 0.5},
    ]
    given_labels = read_labels(coco(folder, annotations=annotations), None, CancelToken())
    assert given_labels.left_out == {
        Omission.WITHOUT_CLASS: 1,
        Omission.WITHOUT_PICTURE: 1,
        Omission.SUGGESTION: 1,
    }


def tasks(folder: Path, value: object) -> GivenLabels:
    (folder / "export.json").write_text(json.dumps(value))
    return read_labels(folder / "export.json", None, CancelToken())


def test_an_export_of_label_studio_is_read(engine: Engine, folder: Path) -> None:
    def answer(name: str, **more: object) -> dict[str, Any]:
        return {"result": [{"type": "choices", "value": {"choices": [name]}}], **more}

    value = [
        {"id": 1, "data": {"image": "/data/upload/1/0a1b2c3d-red_0.jpg"}, "annotations": [answer("Rose")]},
        {"id": 2, "data": {"photo": "/data/local-files/?d=day%201/blue_0.jpg"}, "annotations": [answer("Lily")]},
        {"id": 3, "data": {"image": "https://a.example/x/red_1.jpg?v=1"}, "annotations": [answer("Rose")]},
        {"id": 4, "data": {"image": "red_2.jpg"}, "annotations": [answer("Rose", was_cancelled=True)]},
        {"id": 5, "data": {"image": "red_3.jpg"}, "annotations": [], "predictions": [answer("Rose")]},
        {"id": 6, "data": {"text": "no picture"}, "annotations": [answer("Rose")]},
        "odd",
    ]
    given_labels = tasks(folder, value)
    assert given_labels.format is LabelFormat.LABEL_STUDIO
    assert [each.photo for each in given_labels.labels] == ["red_0.jpg", "day 1/blue_0.jpg", "red_1.jpg"]
    assert given_labels.without_class == 2
    assert given_labels.left_out == {Omission.SKIPPED: 1, Omission.SUGGESTION: 1, Omission.WITHOUT_PICTURE: 2}
    assert labels_of(engine, folder / "export.json", folder) == {
        "red_0.jpg": "Rose",
        "blue_0.jpg": "Lily",
        "red_1.jpg": "Rose",
    }


def test_the_short_exports_of_label_studio_are_read(folder: Path) -> None:
    given_labels = tasks(
        folder,
        [
            {"id": 1, "image": "/data/upload/1/0a1b2c3d-red_0.jpg", "choice": "Rose", "annotator": 1},
            {"id": 2, "image": "red_1.jpg", "choice": {"choices": ["Rose", "Lily"]}, "annotator": 1},
            {"id": 3, "image": "red_2.jpg", "label": [{"rectanglelabels": ["Lily"], "x": 1}], "annotator": 1},
            {"id": 4, "image": "red_3.jpg", "flower": {"choices": ["Rose"]}, "note": "text", "annotator": 1},
        ],
    )
    wanted = [("red_0.jpg", "Rose"), ("red_1.jpg", "Rose"), ("red_1.jpg", "Lily"), ("red_2.jpg", "Lily")]
    wanted.append(("red_3.jpg", "Rose"))
    assert [(each.photo, each.class_name) for each in given_labels.labels] == wanted
    table = (
        "annotation_id,annotator,choice,id,image,lead_time\n"
        "1,1,Rose,1,/data/upload/1/0a1b2c3d-red_0.jpg,3.2\n"
        '2,1,"{""choices"": [""Rose"", ""Lily""]}",2,red_1.jpg,1.1\n'
    )
    given_labels = csv_labels(folder / "x.csv", table.encode())
    assert [(each.photo, each.class_name) for each in given_labels.labels] == wanted[:3]


def test_the_names_of_uploads_in_a_coco_export_of_label_studio_are_those_of_the_photos(folder: Path) -> None:
    images = [{"id": 1, "file_name": "images\\0a1b2c3d-blue_0.jpg"}, {"id": "2", "file_name": "images/red_0.jpg"}]
    file = coco(folder, images=images, info={"contributor": "Label Studio"})
    assert [label.photo for label in read_labels(file, None, CancelToken()).labels] == ["blue_0.jpg"]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ([{"data": {"text": "x"}, "annotations": []}], "it is an export of Label Studio without pictures"),
        (
            {"images": [], "detection_categories": {}, "info": {}},
            "it has MegaDetector results, which are suggestions of a program",
        ),
        ({"_via_img_metadata": {}}, "it is a project of the VGG Image Annotator, whose format is not read"),
        ({"shapes": [], "imagePath": "a.jpg"}, "it is a file of labelme, whose format is not read"),
    ],
)
def test_json_of_other_programs_is_refused_by_its_name(folder: Path, value: object, why: str) -> None:
    with pytest.raises(UserError) as raised:
        tasks(folder, value)
    assert raised.value.why == why


@settings(max_examples=200)
@given(
    st.recursive(
        st.none() | st.text(max_size=9) | st.integers(), lambda inner: st.lists(inner, max_size=3), max_leaves=8
    )
)
def test_no_odd_value_in_an_export_of_label_studio_is_an_error(odd: object) -> None:
    answers = [{"result": [{"value": {"choices": odd}}]}, {"result": odd}, odd]
    for data in ({"image": "a.jpg"}, {"image": odd}, odd):
        task = {"data": data, "annotations": answers, "predictions": odd, "choice": odd, "annotator": 1}
        with suppress(UserError):
            label_studio_labels(
                Path("x.json"), [{"data": {}, "annotations": []}, task, {"image": "a.jpg", "choice": odd}]
            )
