"""A worker says of itself whether it fits, and reads a batch with any number of threads alike."""

from __future__ import annotations

import dataclasses
import pickle
from pathlib import Path

import numpy as np
import pytest

from flowersorter import __version__
from flowersorter.domain.place import Place, Places
from flowersorter.errors import DeviceUnavailable
from flowersorter.vision.backbone.registry import DEFAULT, Backbone, backbone, finetuned, finetuned_name
from flowersorter.workflows.cluster.path_map import PathMap
from flowersorter.workflows.cluster.read_on_workers import _job
from flowersorter.workflows.cluster.refusals import refusal
from flowersorter.workflows.cluster.worker_tasks import ReadJob, Unfit, check_worker, checksums_of, read_places
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.predicting.ingest import ReadBatch
from flowersorter.workflows.predicting.network_loader import Embeds, OpenEmbedder
from tests.stub_network import open_colour_network
from tests.unit.workflows.conftest import draw_photos

ENTRY = backbone(DEFAULT)


def job_of(entry: Backbone = ENTRY, network: OpenEmbedder = open_colour_network, *folders: Path) -> bytes:
    return pickle.dumps(ReadJob(entry, "cpu", checksums_of(entry), network, tuple(map(str, folders))))


def places_of(paths: list[Path], mtime_ns: int = 5) -> Places:
    found = (Place(number, path, None, 1, mtime_ns, None, False) for number, path in enumerate(paths, start=1))
    return Places.of(list(found))


def test_another_version_does_not_open_the_job() -> None:
    assert check_worker("0.0.9", b"made by another version") == Unfit(version=__version__)


def test_a_worker_that_sees_the_folder_fits(tmp_path: Path) -> None:
    draw_photos(tmp_path / "photos", "red", 1)
    assert check_worker(__version__, job_of(ENTRY, open_colour_network, tmp_path / "photos")) is None
    gone = check_worker(__version__, job_of(ENTRY, open_colour_network, tmp_path / "gone"))
    assert gone == Unfit(unseen=str(tmp_path / "gone"))


def test_a_deeply_trained_network_needs_its_changes(tmp_path: Path) -> None:
    changes = tmp_path / "changes.safetensors"
    changes.write_bytes(b"stages")
    entry = finetuned(ENTRY, finetuned_name(DEFAULT, 1), changes, ENTRY.crop_px, 0)
    pickled = job_of(entry)
    assert check_worker(__version__, pickled) is None
    changes.unlink()
    unfit = check_worker(__version__, pickled)
    assert unfit == Unfit(weights=True, has_weights=False)
    assert "on a drive that the workers see" in str(refusal("shelf", unfit, entry))


def test_the_job_names_the_files_as_workers_see_them(engine: Engine, tmp_path: Path) -> None:
    draw_photos(tmp_path / "photos", "red", 1)
    entry = finetuned(ENTRY, finetuned_name(DEFAULT, 1), tmp_path / "changes", ENTRY.crop_px, 0)
    roots = (tmp_path / "photos", tmp_path / "photos" / "red_0.jpg")
    job = pickle.loads(_job(engine, PathMap.of([(str(tmp_path), "/there")]), entry, "cpu", roots))
    assert job.folders == ("/there/photos",)
    assert job.backbone == dataclasses.replace(entry, changes=Path("/there/changes"))


@pytest.mark.parametrize("threads", [1, 3])
def test_a_batch_is_the_same_with_any_number_of_threads(tmp_path: Path, threads: int) -> None:
    paths = draw_photos(tmp_path, "red", 20)
    paths.append(tmp_path / "copy.jpg")
    paths[-1].write_bytes(paths[0].read_bytes())
    (tmp_path / "bad.jpg").write_bytes(b"no photo")
    read = read_places(__version__, job_of(), places_of([*paths, tmp_path / "bad.jpg"]), threads)
    assert isinstance(read, ReadBatch)
    assert sorted(record.place_id for record in read.records) == list(range(1, 22))
    assert {record.mtime_ns for record in read.records} == {5}
    assert [place_id for place_id, _ in read.unreadable] == [22]
    assert len(set(read.hashes)) == len(read.hashes) == 20
    one = read_places(__version__, job_of(), places_of(paths[:1]), 1)
    assert isinstance(one, ReadBatch)
    row = read.hashes.index(one.hashes[0])
    assert np.array_equal(read.embeddings[row], one.embeddings[0])


def no_device(entry: Backbone, device: str) -> Embeds:
    raise DeviceUnavailable("There is no graphics card")


def test_a_network_that_cannot_be_loaded_is_the_workers_fault(tmp_path: Path) -> None:
    unfit = read_places(__version__, job_of(ENTRY, no_device), places_of(draw_photos(tmp_path, "red", 1)), 1)
    assert isinstance(unfit, Unfit)
    assert str(refusal("shelf", unfit, ENTRY)) == "The worker shelf is refused: There is no graphics card."
