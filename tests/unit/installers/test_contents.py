"""The contents of a bundle, and the packages it is built with."""

from __future__ import annotations

import ctypes
import os
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import yaml

from flowersorter.vision.backbone.cpu.embedder import CpuEmbedder
from flowersorter.vision.backbone.registry import backbone
from installers.contents import (
    EXCLUDED,
    METADATA,
    chosen,
    encoder_build,
    installed,
    is_left_out,
    loaded_by_name,
    needed,
    without_encoder,
    without_symbols,
    write_origins,
)
from installers.product import PACKAGING, ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
REQUIREMENTS = (PACKAGING / "requirements.txt").read_text(encoding="utf-8")
INDEX = "https://download.pytorch.org/whl/cpu"
OPENVINO = find_spec("openvino")
needs_openvino = pytest.mark.skipif(OPENVINO is None, reason="OpenVINO is not installed")
#: Prints the folder of OpenVINO, and the embedding of noise by the shipped network.
EMBED = """
import sys
import numpy as np
from flowersorter.vision.backbone.cpu.embedder import CpuEmbedder
from flowersorter.vision.backbone.registry import backbone
crops = np.random.default_rng(0).integers(0, 256, (1, 224, 224, 3), np.uint8)
embeddings = CpuEmbedder.open(backbone("resnet50")).embed(crops)
print(sys.modules["openvino"].__path__[0], embeddings.tobytes().hex())
"""


def link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk
        shutil.copyfile(source, target)


@pytest.mark.parametrize(
    "place",
    [
        "torch/include/ATen/ATen.h",
        "torch/test/some_test",
        "torch/bin/protoc",
        "torchvision/_C.so",
        "PySide6/Qt/qml/QtQuick/qmldir",
        "PySide6/Qt/plugins/platformthemes/libqgtk3.so",
        "PySide6/Qt/lib/libQt6Qml.so.6",
        "PySide6\\plugins\\tls\\qopensslbackend.dll",
        "PySide6/Qt/translations/qtbase_ka.qm",
        "PySide6/Qt/translations/qtwebengine_de.qm",
        "flowersorter/resources/screenshots/window.png",
        "openvino/include/openvino/openvino.hpp",
        "openvino/libs/cache.json",
        "openvino/libs/tbb.pc",
        "openvino/libs/libopenvino_c.so.2641",
        "openvino/libs/libopenvino_intel_gpu_plugin.so",
        "openvino/libs/libopenvino_onnx_frontend.so.2641",
        "openvino/libs/libtbbmalloc_proxy.so.2",
        "openvino\\libs\\openvino_intel_npu_plugin.dll",
        "openvino/tools/ovc/main.py",
        "PySide6/Qt/plugins/imageformats/libqwebp.so",
        "PySide6/plugins/imageformats/qtiff.dll",
        "rawpy/_rawpy.pyx",
        "rawpy/data_helper.h",
    ],
)
def test_what_only_developers_and_other_programs_need_is_left_out(place: str) -> None:
    assert chosen([(place, "/source", "DATA")]) == []


@pytest.mark.parametrize(
    "place",
    [
        "torch/bin/torch_shm_manager",
        "torch/lib/libtorch_cpu.so",
        "torch/testing/_internal/common_utils.py",
        "torch/_inductor/config.py",
        "PySide6/Qt/plugins/platforms/libqxcb.so",
        "PySide6/Qt/plugins/platforms/libqwayland.so",
        "PySide6/Qt/plugins/platforms/libqoffscreen.so",
        "PySide6/Qt/plugins/iconengines/libqsvgicon.so",
        "PySide6/Qt/translations/qtbase_de.qm",
        "flowersorter/resources/backbones/resnet50-imagenet.safetensors",
        "openvino/libs/libopenvino.so.2641",
        "openvino/libs/libopenvino.2641.dylib",
        "openvino/libs/libopenvino_arm_cpu_plugin.so",
        "openvino/libs/libopenvino_intel_cpu_plugin.so",
        "openvino/libs/libhwloc.so.15",
        "openvino/libs/libtbb.so.12",
        "openvino/libs/libtbbbind_2_5.so.3",
        "openvino/libs/libtbbmalloc.so.2",
        "openvino\\libs\\openvino.dll",
        "openvino\\libs\\tbb12.dll",
        "PySide6/Qt/plugins/imageformats/libqjpeg.so",
        "PySide6/Qt/plugins/imageformats/libqsvg.so",
        "rawpy/libraw_r.so.25",
        "rawpy.libs/libgomp-962b742a.so.1.0.0",
    ],
)
def test_what_the_program_needs_stays(place: str) -> None:
    assert len(chosen([(place, "/source", "DATA")])) == 1


@needs_openvino
def test_openvino_computes_the_same_with_what_is_bundled_of_it(tmp_path: Path) -> None:
    assert OPENVINO is not None
    assert OPENVINO.origin is not None
    whole = Path(OPENVINO.origin).parent

    def left_out(folder: str, names: list[str]) -> set[str]:
        place = Path("openvino") / Path(folder).relative_to(whole)
        return {name for name in names if is_left_out(f"{(place / name).as_posix()}")}

    bundled = tmp_path / "openvino"
    shutil.copytree(whole, bundled, ignore=left_out, copy_function=link_or_copy)
    for name in EXCLUDED:
        shutil.rmtree(tmp_path / name.replace(".", "/"), ignore_errors=True)
    assert {f"openvino/libs/{path.name}" for path in (bundled / "libs").iterdir()} == {
        f"{folder}/{Path(file).name}" for file, folder in loaded_by_name()
    }
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    command = [sys.executable, "-c", EMBED]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    place, embeddings = done.stdout.split()
    assert Path(place) == bundled
    crops = np.random.default_rng(0).integers(0, 256, (1, 224, 224, 3), np.uint8)
    assert embeddings == CpuEmbedder.open(backbone("resnet50")).embed(crops).tobytes().hex()


def test_training_and_progress_bars_work_without_what_is_left_out() -> None:
    program = f"""
import sys
for name in {EXCLUDED!r}:
    sys.modules[name] = None
import torch
from rich.console import Console
from rich.progress import BarColumn, Progress
net = torch.nn.Linear(4, 2)
for optimizer in (torch.optim.SGD(net.parameters(), 0.1, momentum=0.9), torch.optim.AdamW(net.parameters())):
    net(torch.ones(1, 4)).sum().backward()
    optimizer.step()
with Progress(BarColumn(), console=Console(force_terminal=True)) as bars:
    bars.advance(bars.add_task("", total=1))
"""
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


def test_distributions_that_are_not_installed_are_left_out() -> None:
    assert installed(["numpy", "no-such-distribution", "pillow"]) == ["numpy", "pillow"]


@pytest.mark.skipif(sys.platform != "linux" or not (shutil.which("cc") and shutil.which("strip")), reason="needs cc")
def test_torchs_libraries_lose_their_symbols_and_work_as_before(tmp_path: Path) -> None:
    source = tmp_path / "library.c"
    source.write_text("static int hidden(int n) { return n + 1; }\nint next(int n) { return hidden(n); }\n")
    library = tmp_path / "library.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-g", "-O0", "-o", library, source], check=True)
    entries = [
        ("torch/lib/library.so", str(library), "BINARY"),
        ("PySide6/Qt/lib/library.so", str(library), "BINARY"),
        ("torch/lib/link.so", "library.so", "SYMLINK"),
    ]
    small, *others = without_symbols(entries, tmp_path / "stripped")
    assert others == entries[1:]
    assert (small[0], small[2]) == (entries[0][0], entries[0][2])
    assert b"hidden" in library.read_bytes()
    assert b"hidden" not in Path(small[1]).read_bytes()
    assert ctypes.CDLL(small[1]).next(1) == 2


def test_a_library_that_nothing_needs_any_more_is_dropped() -> None:
    entries = [
        ("libneeded.so.1", "/lib/libneeded.so.1", "BINARY"),
        ("libbehind.so.1", "/lib/libbehind.so.1", "BINARY"),
        ("libalone.so.1", "/lib/libalone.so.1", "BINARY"),
        ("libpython3.11.so.1.0", "/lib/libpython3.11.so.1.0", "BINARY"),
        ("libinside.so", "wheel.libs/libinside.so", "SYMLINK"),
        ("wheel.libs/libinside.so", "/site/wheel.libs/libinside.so", "BINARY"),
        ("wheel.libs/libneeded.so.1", "/site/wheel.libs/libneeded.so.1", "BINARY"),
        ("module.so", "/site/module.so", "EXTENSION"),
    ]
    links = {"/site/module.so": ["LIBNEEDED.so.1", "libc.so.6"], "/lib/libneeded.so.1": ["libbehind.so.1"]}
    kept = {place for place, _, _ in needed(entries, lambda source: links.get(source, []))}
    assert kept == {place for place, _, _ in entries} - {"libalone.so.1"}


@pytest.mark.skipif(sys.platform == "win32" or shutil.which("cc") is None, reason="there is no C compiler")
def test_the_encoder_is_replaced_by_a_library_that_does_nothing(tmp_path: Path) -> None:
    name = "libx265.217.dylib" if sys.platform == "darwin" else "libx265-4883ecb5.so.217"
    other = ("libheif.so.1", "/wheel/libheif.so.1", "BINARY")
    replaced, unchanged = without_encoder([(f"pillow_heif.libs/{name}", f"/wheel/{name}", "BINARY"), other], tmp_path)
    assert unchanged == other
    assert (replaced[0], replaced[2]) == (f"pillow_heif.libs/{name}", "BINARY")
    library = ctypes.CDLL(replaced[1])
    assert library.x265_api_get_217(8) == 0
    library.x265_cleanup()


@pytest.mark.parametrize(
    ("name", "build"),
    [
        ("libx265-4883ecb5.so.217", "217"),
        ("libx265.217.dylib", "217"),
        ("libx265-217-276e7d75772a32bd086b54d54e01fd11.dll", "217"),
        ("libheif-e72ea93c.so.1.23.6", ""),
    ],
)
def test_the_encoder_is_known_by_its_name_on_every_system(name: str, build: str) -> None:
    assert encoder_build(name) == build


def test_origins_have_a_line_for_every_file(tmp_path: Path) -> None:
    write_origins([[("b", "/two", "DATA")], [("a", "/one", "BINARY"), ("link", "a", "SYMLINK")]], tmp_path / "o.tsv")
    assert (tmp_path / "o.tsv").read_text(encoding="utf-8") == "a\t/one\nb\t/two\n"


def test_the_spec_is_python_and_excludes_nothing_that_the_program_imports() -> None:
    compile((PACKAGING / "flowersorter.spec").read_text(encoding="utf-8"), "flowersorter.spec", "exec")
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "flowersorter").rglob("*.py"))
    assert [
        name for name in EXCLUDED if re.search(rf"^\s*(from|import) {re.escape(name)}\b", source, re.MULTILINE)
    ] == []


def test_the_bundle_has_the_versions_that_the_program_shows() -> None:
    required = {re.split(r"[<>=;\s]", each)[0] for each in PROJECT["project"]["dependencies"]}
    assert set(METADATA) <= required | {"flowersorter", "onnx"}


def test_every_way_to_the_cpu_build_of_torch_names_one_index() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"--extra-index-url {INDEX}" in REQUIREMENTS
    # Not beside PyPI: where that has a newer release, pip would take it, with the libraries for NVIDIA's cards.
    assert f"pip install torch torchvision --index-url {INDEX} && pip install ." in readme
    assert "uv tool install --torch-backend cpu ." in readme  # uv knows the index by this name


def test_what_is_bundled_is_new_enough_for_the_program() -> None:
    pinned = dict(re.findall(r"^(\w+)==([\d.]+)$", REQUIREMENTS, re.MULTILINE))
    floors = dict(
        re.findall(r"^(torch|torchvision)>=([\d.]+)$", "\n".join(PROJECT["project"]["dependencies"]), re.MULTILINE)
    )
    for name, floor in floors.items():
        assert tuple(map(int, pinned[name].split("."))) >= tuple(map(int, floor.split(".")))


def test_programs_that_the_bundle_starts_get_their_own_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", "/bundle/_internal")
    monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", "/persons/own")
    monkeypatch.setenv("DYLD_LIBRARY_PATH", "/bundle/_internal")
    runpy.run_path(str(PACKAGING / "restore_environment.py"))
    assert os.environ["LD_LIBRARY_PATH"] == "/persons/own"
    assert {"LD_LIBRARY_PATH_ORIG", "DYLD_LIBRARY_PATH"}.isdisjoint(os.environ)


def test_the_release_runs_the_build_on_every_system() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8"))
    systems = [each["system"] for each in workflow["jobs"]["build"]["strategy"]["matrix"]["include"]]
    assert {name.partition("-")[0] for name in systems} == {"ubuntu", "windows", "macos"}
    assert any(name.endswith("-arm") for name in systems)
    commands = "\n".join(step.get("run", "") for job in workflow["jobs"].values() for step in job["steps"])
    scripts = set(re.findall(r"(?:python )?((?:packaging|\.ci)/[\w./]+)", commands))
    assert scripts == {"packaging/build.py", ".ci/bundle"}
    assert all((ROOT / script).is_file() for script in scripts)
