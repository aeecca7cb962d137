"""Taking models elsewhere and taking them in, as a person does it: what README shows is what is run here."""

from __future__ import annotations

import ast
import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from flowersorter.workflows.exchange.usage_snippets import script_for
from tests.drawing import BLUE, GREEN, RED, textured, write_classes, write_jpeg
from tests.e2e.program import LIMIT_S, ROOT, Program

FLOWERS = ROOT.parent / "shared" / "flowers"
README = (ROOT / "README.md").read_text(encoding="utf-8")
COLOURS = {"red ones": RED, "grün": GREEN, "blau": BLUE}
NAMED = ("grün", "blau")


@dataclass(frozen=True)
class Taken:
    """A program that learned three colours, its model in every form, and what it says of a photo of each class."""

    program: Program
    folder: Path
    confidences: dict[str, float]

    def file(self, suffix: str) -> Path:
        return self.folder / f"flower_classifier{suffix}"


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Taken:
    base = tmp_path_factory.mktemp("taken")
    write_classes(base / "learn", dict.fromkeys(COLOURS, 8), size=(160, 120))
    program = Program(base / "collection", base)
    program.ok("train", base / "learn")
    for suffix in (".pth", ".onnx", ".safetensors"):
        told = program.ok("export", f"flower_classifier{suffix}").out
        assert "grün" in told
        script = script_for(base / f"flower_classifier{suffix}")
        assert script in "\n".join(line.removeprefix("    ") for line in told.splitlines()) + "\n"
    photos = [draw_photo(base / f"{name}.jpg", name) for name in NAMED]
    entries = program.ok("predict", *photos, "--json").objects[:-1]
    assert [entry["class"] for entry in entries] == list(NAMED)
    return Taken(program, base, {entry["class"]: entry["confidence"] for entry in entries})


def draw_photo(path: Path, name: str) -> Path:
    """A photo nobody learned from, lying on its side."""
    return write_jpeg(path, textured((333, 250), COLOURS[name], seed=77), orientation=6)


def from_readme(start: str) -> str:
    """The indented block of README that begins like this, as it is copied from there."""
    lines = README.splitlines()
    first = lines.index(f"    {start}")
    block = []
    for line in lines[first:]:
        if line and not line.startswith("    "):
            break
        block.append(line.removeprefix("    "))
    return "\n".join(block).rstrip("\n") + "\n"


#: Runs lines as they are for one photo after the other: most of the time goes into their imports.
_FOR_EACH_PHOTO = """
import shutil, sys
script = sys.argv.pop(1)
while len(sys.argv) > 1:
    shutil.copy(sys.argv.pop(1), "photo.jpg")
    exec(script, {})
"""


def run_alone(script: str, folder: Path, photos: Sequence[Path]) -> list[tuple[float, str]]:
    """Run lines in a fresh Python that cannot import this program; what they print for each photo."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    finished = subprocess.run(
        [sys.executable, "-I", "-X", "importtime", "-W", "error", "-c", _FOR_EACH_PHOTO, script, *map(str, photos)],
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=LIMIT_S,
        check=False,
    )
    errors = [line for line in finished.stderr.splitlines() if not line.startswith("import time:")]
    assert finished.returncode == 0, errors
    loaded = {
        line.rsplit("|", 1)[1].strip() for line in finished.stderr.splitlines() if line.startswith("import time:")
    }
    assert not any(name.partition(".")[0] == "flowersorter" for name in loaded)
    printed = map(ast.literal_eval, finished.stdout.splitlines())
    return [(float(share), str(name)) for share, name in printed]


@pytest.mark.parametrize(
    ("suffix", "start"), [(".pth", "import torch, torchvision"), (".onnx", "import json, numpy, onnxruntime")]
)
def test_the_lines_in_the_readme_are_those_the_program_shows(suffix: str, start: str) -> None:
    assert from_readme(start) == script_for(Path(f"flower_classifier{suffix}"))


def test_five_lines_load_the_network() -> None:
    loading, naming = script_for(Path("flower_classifier.pth")).split("\n\n")
    assert len(loading.splitlines()) == 5
    assert all(len(line) <= 120 for line in (loading + naming).splitlines())


@pytest.mark.parametrize("suffix", [".pth", ".onnx"])
def test_the_lines_name_photos_as_the_program_does(taken: Taken, tmp_path: Path, suffix: str) -> None:
    shutil.copy(taken.file(suffix), tmp_path)
    photos = [draw_photo(tmp_path / f"{name}.jpg", name) for name in NAMED]
    said = run_alone(script_for(Path(f"flower_classifier{suffix}")), tmp_path, photos)
    assert [name for _, name in said] == list(NAMED)
    if suffix == ".onnx":  # the same head
        assert [share for share, _ in said] == pytest.approx([taken.confidences[name] for name in NAMED], abs=0.1)


@pytest.mark.real_photos
@pytest.mark.skipif(not FLOWERS.is_dir(), reason="no real photos beside the checkout")
def test_the_lines_name_real_flowers_as_the_program_does(fresh: Program, tmp_path: Path) -> None:
    photos = [
        path for folder in sorted(FLOWERS.iterdir()) if folder.is_dir() for path in sorted(folder.glob("*.jpg"))[:3]
    ]
    entries = fresh.ok("predict", *photos, "--json").objects[:-1]
    clear: dict[str, str] = {}
    for entry in entries:
        if entry["verdict"] == "sure" and entry["confidence"] > 0.97:
            clear.setdefault(entry["class"], entry["path"])
    assert len(clear) >= 2
    for suffix in (".pth", ".onnx"):
        fresh.ok("export", f"flower_classifier{suffix}")
        said = run_alone(
            script_for(Path(f"flower_classifier{suffix}")), tmp_path, [Path(path) for path in clear.values()]
        )
        assert [name for _, name in said] == list(clear)


def test_a_shared_model_is_taken_in_and_used(taken: Taken, fresh: Program, tmp_path: Path) -> None:
    told = fresh.ok("import", taken.file(".safetensors")).out
    assert "Model 1, from flower_classifier.safetensors, on resnet50: 3 classes" in told
    assert "it learned from 24 photos" in told
    assert "Nothing of that was measured here." in told
    listed = fresh.ok("models", "--json").objects[:-1]
    assert [(model["id"], model["current"]) for model in listed] == [(1, False), ("starter", True)]
    assert (listed[0]["accuracy"], listed[0]["photos"]) == (None, 0)
    assert "It is in use now." in fresh.ok("import", taken.file(".safetensors"), "--use").out
    [mine] = fresh.ok("predict", draw_photo(tmp_path / "photo.jpg", "grün"), "--json").objects[:-1]
    assert mine["class"] == "grün"
    assert mine["confidence"] == pytest.approx(taken.confidences["grün"], abs=1e-6)


class _Traitor:
    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, ("trace", "w")


@pytest.mark.parametrize("kind", ["pickle", "pipe", "deep", "torch", "empty"])
def test_what_is_no_model_is_refused_with_a_sentence(taken: Taken, fresh: Program, tmp_path: Path, kind: str) -> None:
    file = tmp_path / "model.safetensors"
    match kind:
        case "pickle":
            file.write_bytes(pickle.dumps(_Traitor()))
        case "pipe":
            if os.name != "posix":
                pytest.skip("no pipes here")
            os.mkfifo(file)
        case "deep":
            text = b'{"a":' * 200_000
            file.write_bytes(len(text).to_bytes(8, "little") + text)
        case "torch":
            shutil.copy(taken.file(".pth"), file)
        case _:
            file.touch()
    failed = fresh.run("import", file, "--use")
    assert failed.code == 1
    assert failed.out == ""
    assert len(failed.err.splitlines()) == 1
    assert failed.err.startswith(f"The model file {file} cannot be used: ")
    assert not (tmp_path / "trace").exists()
    assert [model["id"] for model in fresh.ok("models", "--json").objects[:-1]] == ["starter"]


# -- from Python


EXAMPLE = from_readme("from flowersorter import Collection, predict_image")


def run_script(program: Program, script: str) -> subprocess.CompletedProcess[str]:
    """Run Python with this program beside it, as an installed package would be."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "FLOWERSORTER_COLLECTION": str(program.collection),
        "PYTHONWARNINGS": "error",
    }
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=program.cwd,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=LIMIT_S,
        check=False,
    )


def test_the_python_in_the_readme_runs(fresh: Program) -> None:
    folder = fresh.cwd / "photos"
    folder.mkdir()
    for number, colour in enumerate((RED, GREEN, BLUE)):
        write_jpeg(folder / f"IMG_{number + 1:04}.jpg", textured((160, 120), colour, seed=number))
    shutil.copy(folder / "IMG_0001.jpg", fresh.cwd)
    finished = run_script(fresh, EXAMPLE)
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr == ""
    said = finished.stdout.splitlines()
    assert len(said) == 1 + 3 + 1 + 1
    assert said[1].startswith("IMG_0001.jpg ")
    assert said[4] == "None"  # one photo is too few to measure with
    assert said[5].endswith(" photos to sort")
    assert not (fresh.cwd / "sorted").exists()  # taken back


def test_the_python_in_the_readme_is_typed(tmp_path: Path) -> None:
    example, wrong = tmp_path / "example.py", tmp_path / "wrong.py"
    example.write_text(EXAMPLE, encoding="utf-8")
    wrong.write_text(
        EXAMPLE.replace('collection.predict("photos")', "collection.predict(5)").replace("plan.sorted", "plan.sortd")
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", str(example), str(wrong)]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=LIMIT_S, check=False)
    # By name: from its cache mypy tells the path of the run before.
    complaints = [line for line in finished.stdout.splitlines() if "example.py:" in line or "wrong.py:" in line]
    assert [line.rsplit("[", 1)[1] for line in complaints] == ["arg-type]", "attr-defined]"], finished.stdout
    assert not any("example.py:" in line for line in complaints)


def test_importing_the_package_costs_nothing(fresh: Program) -> None:
    heavy = "import sys; print(sorted({'torch', 'PySide6', 'numpy', 'PIL', 'sqlite3'} & set(sys.modules)))"
    assert run_script(fresh, f"import flowersorter; {heavy}").stdout.strip() == "[]"
    light = "import sys; print(sorted({'torch', 'PySide6', 'scipy'} & set(sys.modules)))"
    assert run_script(fresh, f"from flowersorter import Collection, predict_image; {light}").stdout.strip() == "[]"


def test_ctrl_c_comes_out_and_the_collection_is_whole(fresh: Program) -> None:
    write_classes(fresh.cwd / "photos", {"red": 6, "green": 6}, size=(160, 120))
    script = """
import os, signal
from flowersorter import Collection

def stop(news):
    if news.stage == "Suggesting classes":
        os.kill(os.getpid(), signal.SIGINT)

try:
    with Collection.open(progress=stop) as collection:
        collection.predict("photos")
except KeyboardInterrupt:
    print("stopped")
with Collection.open() as collection:
    print(len([photo for photo in collection.predict("photos") if photo.prediction]))
"""
    finished = run_script(fresh, script)
    assert finished.stdout.splitlines() == ["stopped", "12"], finished.stderr
    assert json.loads(fresh.ok("doctor", "--json").out.splitlines()[0])
