"""Labels and suggestions are written in every format, told apart in each, and read again where that is possible."""

from __future__ import annotations

import csv
import io
import json
import shutil
import warnings
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from flowersorter.domain.export_format import ExportFormat, LabelFormat
from flowersorter.domain.photo_answers import Mark
from flowersorter.errors import Cancelled, UserError
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.exchange.label_export.export_labels import (
    ExportedLabels,
    ExportLabelsRequest,
    export_labels,
)
from flowersorter.workflows.exchange.label_export.place import PhotoPlace
from flowersorter.workflows.exchange.label_import.label_photos import (
    FindLabelsRequest,
    TakeLabelsRequest,
    find_labels,
    take_labels,
)
from flowersorter.workflows.labelling.label_photo import (
    AnswerPhotoRequest,
    LabelPhotoRequest,
    answer_photo,
    label_photo,
)
from flowersorter.workflows.predicting.predict_folder import (
    PredictFolderRequest,
    find_photos,
    predict_folder,
    read_new,
)
from tests.drawing import BLUE, GREEN, RED, textured, write_jpeg
from tests.stub_network import open_colour_network
from tests.unit.workflows.exchange.camtrap_schemas import (
    NEEDED,
    NEEDED_OF_PROJECT,
    RESOURCES,
    ROLES,
    SAMPLING,
    SCHEMAS,
)
from tests.unit.workflows.learned_colours import learned_colours

MUNICH = PhotoPlace(48.1351, 11.582)
TAKEN = datetime(2026, 5, 4, 7, 30)


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return learned_colours(tmp_path_factory.mktemp("learned"))


@pytest.fixture
def opened(learned: Path, tmp_path: Path) -> Iterator[Engine]:
    """A collection that knows three colours, and a folder: one label, suggestions, and a file that is no photo."""
    shutil.copytree(learned / "collection", tmp_path / "collection")
    folder = tmp_path / "photos"
    (folder / "camera 2").mkdir(parents=True)
    for number, colour in enumerate((RED, GREEN, BLUE)):
        picture = textured((160, 120), colour, seed=number + 50)
        write_jpeg(folder / f"IMG_{number}.jpg", picture, taken_at=TAKEN.replace(day=number + 1), camera="Trap")
    write_jpeg(folder / "camera 2" / "grün =1.jpg", textured((160, 120), GREEN, seed=60), taken_at=TAKEN)
    write_jpeg(folder / "undated.jpg", textured((160, 120), RED, seed=61))
    (folder / "broken.jpg").write_bytes(b"no photo")
    with Engine(CollectionStore.open(tmp_path / "collection"), open_colour_network) as engine:
        predict_folder(engine, PredictFolderRequest(folder), silent, CancelToken())
        label_photo(engine, LabelPhotoRequest(folder / "IMG_0.jpg", "Rosa canina"), silent, CancelToken())
        predict_folder(engine, PredictFolderRequest(folder), silent, CancelToken())
        yield engine


def exported(engine: Engine, tmp_path: Path, form: ExportFormat, place: PhotoPlace | None = None) -> ExportedLabels:
    request = ExportLabelsRequest(tmp_path / "photos", tmp_path / f"out{form.suffix}", form, place=place)
    done = export_labels(engine, request, silent, CancelToken())
    assert done.file.exists()
    assert not list(tmp_path.glob("*.part"))
    return done


def taken_again(engine: Engine, tmp_path: Path, file: Path, form: LabelFormat | None = None) -> dict[str, str]:
    """The labels that the file gives to the photos when theirs are removed."""
    engine.collection.labels.clear(list(engine.collection.labels.all()))
    request = FindLabelsRequest(file, tmp_path / "photos", form)
    found = find_labels(engine, request, silent, CancelToken())
    taken = take_labels(engine, TakeLabelsRequest(found), silent, CancelToken())
    return {found.paths[photo_id].name: name for photo_id, name in taken.labels.items()}


def table(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def test_a_table_tells_labels_from_suggestions_and_is_read_again(opened: Engine, tmp_path: Path) -> None:
    done = exported(opened, tmp_path, ExportFormat.CSV)
    assert (done.labels, done.suggestions, done.without_class) == (1, 4, 1)
    rows = {row["file"]: row for row in table(done.file.read_bytes())}
    assert set(rows) == {
        *(f"IMG_{number}.jpg" for number in range(3)),
        *("broken.jpg", "camera 2/grün =1.jpg", "undated.jpg"),
    }
    assert (rows["IMG_0.jpg"]["label"], rows["IMG_0.jpg"]["by"]) == ("Rosa canina", "person")
    suggested = rows["IMG_1.jpg"]
    assert (suggested["label"], suggested["by"], suggested["suggestion"]) == ("", "model", "green")
    assert float(suggested["probability"]) > 0.5
    assert suggested["taken_at"] == "2026-05-02T07:30:00"
    assert rows["broken.jpg"]["error"]
    assert taken_again(opened, tmp_path, done.file) == {"IMG_0.jpg": "Rosa canina"}


def test_a_table_is_read_again_in_a_copied_folder(opened: Engine, tmp_path: Path) -> None:
    folder, copy = tmp_path / "photos", tmp_path / "other computer" / "garden"
    label_photo(opened, LabelPhotoRequest(folder / "camera 2" / "grün =1.jpg", "Lily"), silent, CancelToken())
    export_labels(opened, ExportLabelsRequest(folder, folder / "labels.csv"), silent, CancelToken())
    shutil.copytree(folder, copy)
    with Engine(CollectionStore.open(tmp_path / "other collection"), open_colour_network) as other:
        predict_folder(other, PredictFolderRequest(copy), silent, CancelToken())
        found = find_labels(other, FindLabelsRequest(copy / "labels.csv", copy), silent, CancelToken())
    assert {found.paths[photo_id]: names for photo_id, names in found.by_photo.items()} == {
        copy / "IMG_0.jpg": ("Rosa canina",),
        copy / "camera 2" / "grün =1.jpg": ("Lily",),
    }
    assert found.unmatched == {}


def test_a_photo_that_shows_none_of_the_classes_has_no_suggestion(opened: Engine, tmp_path: Path) -> None:
    photo = tmp_path / "photos" / "IMG_1.jpg"
    answer_photo(opened, AnswerPhotoRequest(photo, None, Mark.NOT_MINE), silent, CancelToken())
    rows = {row["file"]: row for row in table(exported(opened, tmp_path, ExportFormat.CSV).file.read_bytes())}
    row = [rows["IMG_1.jpg"][name] for name in ("label", "by", "answer", "suggestion")]
    assert row == ["", "person", "not_mine", ""]
    value = json.loads(exported(opened, tmp_path, ExportFormat.MEGADETECTOR).file.read_bytes())
    [image] = [each for each in value["images"] if each["file"] == "IMG_1.jpg"]
    assert image == {"file": "IMG_1.jpg", "detections": [], "answer": "not_mine"}
    value = json.loads(exported(opened, tmp_path, ExportFormat.COCO).file.read_bytes())
    [image] = [each for each in value["images"] if each["file_name"] == "IMG_1.jpg"]
    assert image["attributes"] == {"answer": "not_mine"}
    assert not [each for each in value["annotations"] if each["image_id"] == image["id"]]
    exported(opened, tmp_path, ExportFormat.CAMTRAP_DP, MUNICH)
    rows = {row["mediaID"]: row for row in table(contents(tmp_path / "out.zip")["observations.csv"])}
    assert (rows["IMG_1.jpg"]["observationType"], rows["IMG_1.jpg"]["observationTags"]) == (
        "unclassified",
        "answer:not_mine",
    )


def test_only_labelled_photos_are_written_on_request(opened: Engine, tmp_path: Path) -> None:
    request = ExportLabelsRequest(tmp_path / "photos", tmp_path / "out.csv", only_labelled=True)
    done = export_labels(opened, request, silent, CancelToken())
    assert [row["file"] for row in table(done.file.read_bytes())] == ["IMG_0.jpg"]


def test_a_coco_data_set_gives_suggestions_a_score_and_is_read_again(opened: Engine, tmp_path: Path) -> None:
    done = exported(opened, tmp_path, ExportFormat.COCO)
    value = json.loads(done.file.read_bytes())
    files = {each["id"]: each["file_name"] for each in value["images"]}
    names = {each["id"]: each["name"] for each in value["categories"]}
    assert "broken.jpg" not in files.values()
    annotations = {files[each["image_id"]]: each for each in value["annotations"]}
    label, suggestion = annotations["IMG_0.jpg"], annotations["camera 2/grün =1.jpg"]
    assert (names[label["category_id"]], label["attributes"]["by"]) == ("Rosa canina", "person")
    assert "score" not in label
    assert label["bbox"] == [0, 0, 160, 120]
    assert names[suggestion["category_id"]] == "green"
    assert 0.5 < suggestion["score"] <= 1
    assert len({each["id"] for each in value["annotations"]}) == len(value["annotations"])
    assert taken_again(opened, tmp_path, done.file) == {"IMG_0.jpg": "Rosa canina"}


def test_megadetector_results_have_the_form_that_timelapse_reads(opened: Engine, tmp_path: Path) -> None:
    done = exported(opened, tmp_path, ExportFormat.MEGADETECTOR)
    value = json.loads(done.file.read_bytes())
    assert float(value["info"]["format_version"]) >= 1.3
    assert value["detection_categories"] == {"1": "animal"}
    images = {each["file"]: each for each in value["images"]}
    for each in images.values():  # as the validator of the format checks it
        assert each["detections"] is None if each.get("failure") else isinstance(each["detections"], list)
        for found in each["detections"] or []:
            assert isinstance(found["conf"], float)
            assert found["category"] in value["detection_categories"]
            shares = [share for _, share in found["classifications"]]
            assert all(name in value["classification_categories"] for name, _ in found["classifications"])
            assert shares == sorted(shares, reverse=True)
    names = value["classification_categories"]
    label, suggestion = images["IMG_0.jpg"], images["IMG_2.jpg"]
    assert label["label"] == {"class": "Rosa canina", "by": "person"}
    assert [names[label["detections"][0]["classifications"][0][0]]] == ["Rosa canina"]
    assert "label" not in suggestion
    assert names[suggestion["detections"][0]["classifications"][0][0]] == "blue"
    assert images["broken.jpg"]["failure"]
    for numbers in (value["detection_categories"], value["classification_categories"]):
        assert all(number.isdecimal() and isinstance(name, str) for number, name in numbers.items())
    # Timelapse shows a photo as empty below the first of these, 0.8 without it; earlier versions fail without them.
    info = value["info"]
    assert {"detector", "detection_completion_time", "classifier", "classification_completion_time"} <= info.keys()
    shares = [each["conf"] for image in images.values() for each in image["detections"] or []]
    assert info["detector_metadata"]["typical_detection_threshold"] < min(shares)
    assert info["detector_metadata"]["conservative_detection_threshold"] < min(shares)
    assert 0 < info["classifier_metadata"]["typical_classification_threshold"] < 1


def contents(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def problems(folder: Path, package: dict[str, Any]) -> list[str]:
    """The faults that frictionless finds in a package."""
    limit = csv.field_size_limit()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its own modules
            from frictionless import Package

            report = Package.from_descriptor(package, basepath=str(folder)).validate()
    finally:
        csv.field_size_limit(limit)  # it changes that of the process
    return [error[-1] for error in report.flatten(["title", "message"])]


def unpacked(file: Path, folder: Path) -> dict[str, Any]:
    """Unpack a package; its descriptor with the rules of the standard in place of their addresses."""
    with zipfile.ZipFile(file) as archive:
        archive.extractall(folder)
    package: dict[str, Any] = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    for resource in package["resources"]:
        assert resource["schema"].endswith(f"/1.0.1/{resource['name']}-table-schema.json")
        resource["schema"] = SCHEMAS[resource["name"]]
    del package["profile"]  # its address
    return package


def test_frictionless_finds_no_fault_in_a_camera_trap_package(opened: Engine, tmp_path: Path) -> None:
    done = exported(opened, tmp_path, ExportFormat.CAMTRAP_DP, MUNICH)
    written = json.loads(contents(done.file)["datapackage.json"])
    assert written.keys() >= NEEDED
    project = written["project"]
    assert project.keys() >= NEEDED_OF_PROJECT
    assert project["samplingDesign"] in SAMPLING
    assert set(project["captureMethod"]) <= {"activityDetection", "timeLapse"}
    assert set(project["observationLevel"]) <= {"media", "event"}
    assert tuple(each["name"] for each in written["resources"]) == RESOURCES
    assert all({"path", "profile", "schema"} <= each.keys() for each in written["resources"])
    assert {each["profile"] for each in written["resources"]} == {"tabular-data-resource"}
    assert all(each["title"] and each["role"] in ROLES for each in written["contributors"])
    assert "licenses" not in written, "two with a scope each are the least, and they are the owner's to give"
    assert written["spatial"] == {"type": "Point", "coordinates": [11.582, 48.1351]}
    assert written["temporal"] == {"start": "2026-05-01", "end": "2026-05-04"}
    assert {each["scientificName"] for each in written["taxonomic"]} == {"Rosa canina", "green", "blue"}
    package = unpacked(done.file, tmp_path / "package")
    assert problems(tmp_path / "package", package) == []
    deployments = table((tmp_path / "package" / "deployments.csv").read_bytes())
    assert {each["deploymentID"] for each in deployments} == {"photos", "camera 2"}
    rows = {each["mediaID"]: each for each in table((tmp_path / "package" / "observations.csv").read_bytes())}
    label, suggestion = rows["IMG_0.jpg"], rows["camera 2/grün =1.jpg"]
    assert (label["classificationMethod"], label["classificationProbability"]) == ("human", "")
    assert (suggestion["classificationMethod"], suggestion["scientificName"]) == ("machine", "green")
    assert suggestion["classifiedBy"].startswith("FlowerSorter ")
    assert float(suggestion["classificationProbability"]) > 0.5
    assert done.remark == "2 photos are left out: they have no date, or a path that Camtrap DP does not allow"
    assert (done.labels, done.suggestions, done.without_class, done.left_out) == (1, 3, 0, 2)
    assert done.labels + done.suggestions == len(rows), "the numbers are those of the file"


def test_frictionless_finds_a_fault_where_there_is_one(opened: Engine, tmp_path: Path) -> None:
    done = exported(opened, tmp_path, ExportFormat.CAMTRAP_DP, MUNICH)
    package = unpacked(done.file, tmp_path / "package")
    observations = tmp_path / "package" / "observations.csv"
    observations.write_bytes(observations.read_bytes().replace(b",animal,", b",flower,"))
    assert problems(tmp_path / "package", package)


def test_camtrap_dp_without_a_place_or_dates_is_refused_and_nothing_is_written(opened: Engine, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="needs the place of the camera"):
        exported(opened, tmp_path, ExportFormat.CAMTRAP_DP)
    request = ExportLabelsRequest(
        tmp_path / "photos" / "undated.jpg", tmp_path / "out.zip", ExportFormat.CAMTRAP_DP, place=MUNICH
    )
    with pytest.raises(UserError, match="none of the photos has one"):
        export_labels(opened, request, silent, CancelToken())
    assert not list(tmp_path.glob("out*"))


def test_a_darwin_core_archive_describes_its_columns(opened: Engine, tmp_path: Path) -> None:
    done = exported(opened, tmp_path, ExportFormat.DARWIN_CORE, MUNICH)
    files = contents(done.file)
    meta = ET.fromstring(files["meta.xml"])
    space = {"a": "http://rs.tdwg.org/dwc/text/"}
    core = meta.find("a:core", space)
    assert core is not None
    terms = {
        int(field.attrib["index"]): field.attrib["term"].rpartition("/")[2] for field in core.findall("a:field", space)
    }
    occurrences = list(csv.reader(io.StringIO(files["occurrence.txt"].decode())))
    assert occurrences[0] == [terms[index] for index in range(len(terms))]
    rows = {row["scientificName"]: row for row in table(files["occurrence.txt"])}
    label, suggestion = rows["Rosa canina"], rows["blue"]
    assert (label["identifiedBy"], label["identificationVerificationStatus"]) == ("", "verified by a person")
    assert (suggestion["identificationVerificationStatus"], suggestion["decimalLatitude"]) == ("unverified", "48.1351")
    assert suggestion["identificationRemarks"].startswith("suggestion, ")
    ids = {row["occurrenceID"] for row in table(files["occurrence.txt"])}
    assert {row["occurrenceID"] for row in table(files["multimedia.txt"])} == ids
    ET.fromstring(files["eml.xml"])
    assert done.remark == "1 photo without a class is left out"
    assert (done.labels, done.suggestions, done.without_class, done.left_out) == (1, 4, 0, 1)


def test_frictionless_reads_the_tables_of_a_darwin_core_archive(opened: Engine, tmp_path: Path) -> None:
    done = exported(opened, tmp_path, ExportFormat.DARWIN_CORE)
    with zipfile.ZipFile(done.file) as archive:
        archive.extractall(tmp_path / "archive")
    key = "occurrenceID"
    rules: dict[str, dict[str, Any]] = {
        "occurrence": {"primaryKey": [key]},
        "multimedia": {
            "foreignKeys": [{"fields": [key], "reference": {"resource": "occurrence", "fields": [key]}}],
        },
    }
    resources = []
    for name, keys in rules.items():
        head = (tmp_path / "archive" / f"{name}.txt").read_text(encoding="utf-8").splitlines()[0].split(",")
        schema = {"fields": [{"name": column, "type": "string"} for column in head], **keys}
        resources.append({"name": name, "path": f"{name}.txt", "format": "csv", "encoding": "utf-8", "schema": schema})
    assert problems(tmp_path / "archive", {"name": "archive", "resources": resources}) == []


def test_classes_that_the_model_brings_are_there_in_the_first_export(tmp_path: Path) -> None:
    """Photos that are only known, in a collection whose model was never used for them."""
    folder = tmp_path / "photos"
    folder.mkdir()
    write_jpeg(folder / "a.jpg", textured((160, 120), RED, seed=1))
    with Engine(CollectionStore.open(tmp_path / "collection"), open_colour_network) as engine:
        request = PredictFolderRequest(folder)
        _, places = find_photos(engine.collection, folder, silent, CancelToken())
        read_new(engine, request, places, silent, CancelToken(), rows=False)
        assert engine.collection.classes.all() == []
        done = exported(engine, tmp_path, ExportFormat.COCO)
    assert json.loads(done.file.read_bytes())["categories"][0]["name"] == "daisy"


@pytest.mark.parametrize(
    ("name", "why"), [("out.json", "several formats end in .json"), ("out.xlsx", "its ending is not known")]
)
def test_a_format_that_is_not_clear_is_asked_for(opened: Engine, tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(UserError) as raised:
        export_labels(opened, ExportLabelsRequest(tmp_path / "photos", tmp_path / name), silent, CancelToken())
    assert raised.value.why == why


@pytest.mark.parametrize("form", ExportFormat)
def test_a_photo_or_another_file_is_not_replaced_by_labels(opened: Engine, tmp_path: Path, form: ExportFormat) -> None:
    photo = tmp_path / "photos" / "IMG_1.jpg"
    before = photo.read_bytes()
    with pytest.raises(UserError) as raised:
        export_labels(opened, ExportLabelsRequest(photo.parent, photo, form, place=MUNICH), silent, CancelToken())
    assert str(raised.value) == (
        f"The labels cannot be saved as IMG_1.jpg: the name of a {form.value} file ends in {form.suffix}."
    )
    assert photo.read_bytes() == before


def test_an_export_that_is_stopped_or_fails_leaves_the_old_file(opened: Engine, tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("before")
    cancel = CancelToken()
    cancel.cancel()
    request = ExportLabelsRequest(tmp_path / "photos", tmp_path / "out.csv")
    with pytest.raises(Cancelled):
        export_labels(opened, request, silent, cancel)
    assert (tmp_path / "out.csv").read_text() == "before"
    with pytest.raises(UserError, match="The labels cannot be saved"):
        export_labels(
            opened, ExportLabelsRequest(tmp_path / "photos", tmp_path / "gone" / "x.csv"), silent, CancelToken()
        )


@pytest.mark.parametrize("written", ["48.1351,11.5820", " 48.1351 ; 11.5820 ", "+48.1351 11.582"])
def test_a_place_is_read(written: str) -> None:
    assert PhotoPlace.read(written) == MUNICH


@pytest.mark.parametrize("written", ["", "48", "91,0", "0,181", "a,b", "nan,nan", "1,2,3"])
def test_what_is_no_place_is_refused(written: str) -> None:
    with pytest.raises(UserError):
        PhotoPlace.read(written)
