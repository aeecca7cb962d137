"""`predict --workers`, `--cluster` and `--map`: what is predicted, refused and said."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from flowersorter import Collection
from flowersorter.commands.shared.folder_output import _refusal_line
from flowersorter.commands.shared.line_parser import UsageError
from flowersorter.commands.shared.parser import parse
from flowersorter.errors import UserError, WorkersUnavailable
from flowersorter.messages import text
from flowersorter.workflows.cluster import packages
from flowersorter.workflows.cluster.options import WorkerRefused, Workers, chosen_workers
from flowersorter.workflows.cluster.path_map import PathMap
from tests.stub_network import open_colour_network
from tests.unit.commands.conftest import Run, Try
from tests.unit.workflows.cluster.conftest import needs_distributed
from tests.unit.workflows.cluster.dask_processes import cluster
from tests.unit.workflows.conftest import draw_photos


@needs_distributed
def test_workers_predict_what_one_process_predicts(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "taught"
    for colour in ("red", "blue"):
        draw_photos(folder / colour, colour, 6)
    run("train", folder)
    draw_photos(tmp_path / "new", "red", 5)
    draw_photos(tmp_path / "new", "blue", 5)
    by_workers = run("predict", tmp_path / "new", "--workers", "2", "--json")
    again = run("predict", tmp_path / "new", "--json")
    assert by_workers == again
    *photos, last = [json.loads(line) for line in again.splitlines()]
    assert {(photo["path"].rpartition("/")[2].split("_")[0], photo["class"]) for photo in photos} == {
        ("red", "red"),
        ("blue", "blue"),
    }
    assert last["summary"]["photos"] == 10


@needs_distributed
def test_a_script_predicts_with_workers(tmp_path: Path) -> None:
    draw_photos(tmp_path / "photos", "red", 4)
    with Collection.open(tmp_path / "collection") as collection:
        collection._engine.open_network = open_colour_network
        assert len(collection.predict(tmp_path / "photos", workers=1)) == 4


@pytest.mark.parametrize(
    "options",
    [
        ("--workers", "0"),
        ("--workers", "2", "--cluster", "tcp://10.0.0.5:8786"),
        ("--map", "/mnt/photos"),
        ("--map", "=/mnt/photos"),
    ],
)
def test_a_wrong_line_is_refused(options: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        parse(["predict", "photos", *options])


def test_maps_can_be_repeated_and_hold_more_equals_signs() -> None:
    line = parse(["predict", "photos", "--cluster", "tls://a:1", "--map", "/a=//b/c=d", "--map", "/e=/f"])
    assert line.path_map == [("/a", "//b/c=d"), ("/e", "/f")]


def test_a_map_without_a_cluster_is_refused(attempt: Try, photos: Path) -> None:
    said = attempt("predict", photos, "--workers", "2", "--map", "/a=/b")
    assert said.code == 2
    assert "--map goes with --cluster" in said.err


def test_a_missing_package_is_said_with_the_command(
    attempt: Try, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw_photos(photos, "red", 1, first=50)
    monkeypatch.setattr(packages, "find_spec", lambda name: None)
    said = attempt("predict", photos, "--workers", "2")
    assert said.code == 1
    assert 'pip install "flowersorter[cluster]"' in said.err
    assert attempt("predict", photos).code == 0


def test_a_refused_worker_has_a_line_of_its_own() -> None:
    error = WorkersUnavailable(text("The worker {worker} is refused", worker="a"), text("it is old"), text("Go"))
    assert _refusal_line(WorkerRefused(error.sentence), []) == "The worker a is refused: it is old. Go."
    assert _refusal_line("anything else", []) is None


@needs_distributed
def test_each_refusal_is_said_once_and_then_that_no_worker_is_left(
    tmp_path: Path,
) -> None:
    draw_photos(tmp_path / "photos", "red", 3)
    program = (
        "from functools import partial; import sys; from flowersorter.cli import main; "
        "from flowersorter.commands.shared import context; from flowersorter.workflows.engine import Engine; "
        "from tests.stub_network import open_colour_network; "
        "context.Engine = partial(Engine, open_network=open_colour_network); sys.exit(main(sys.argv[1:]))"
    )
    with cluster(tmp_path) as made:
        for name in ("shelf-1", "shelf-2"):
            made.worker(name)
        words = ("predict", tmp_path / "photos", "--cluster", made.address, "--collection", tmp_path / "collection")
        maps = ("--map", f"{tmp_path / 'photos'}=/nowhere", "--map", f"{tmp_path / 'misspelt'}=/there")
        done = subprocess.run(  # in this process the log would have handlers
            [sys.executable, "-c", program, *map(str, words), *maps], capture_output=True, text=True, check=False
        )
    assert done.returncode == 1
    unused, *refused, last = done.stderr.splitlines()
    assert unused == (
        f"The mapped folder {tmp_path / 'misspelt'} holds none of the photos, which are in {tmp_path / 'photos'}."
    )
    assert sorted(line.partition(":")[0] for line in refused) == [
        "The worker shelf-1 is refused",
        "The worker shelf-2 is refused",
    ]
    assert all("it does not see the folder /nowhere" in line for line in refused)
    assert last == "No worker is left: all 2 were refused."


def test_a_script_chooses_as_the_terminal_does() -> None:
    assert chosen_workers(None, None, ()) is None
    assert chosen_workers(3, None, ()) == Workers(3)
    pairs = (("/mnt/photos", "//nas/photos"),)
    assert chosen_workers(None, "tls://a:1", pairs) == Workers(0, "tls://a:1", PathMap.of(pairs))
    for wrong in ((0, None, ()), (2, "tls://a:1", ()), (None, None, pairs)):
        with pytest.raises(UserError):
            chosen_workers(*wrong)
