"""The list of licences in a bundle: every file has an owner, every owner its text."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import numpy
import PIL
import pytest

from installers import licences
from installers.licences import FILES, FOLDER, INDEX, INSIDE, MISSING_TEXTS, check_list, components_of, write_list
from installers.product import PACKAGING, ROOT, BuildError

NUMPY, PILLOW = Path(numpy.__file__), Path(PIL.__file__)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A bundle with a library, and its list."""
    made = tmp_path / "bundle"
    (made / "_internal").mkdir(parents=True)
    (made / "_internal" / "libone.so.1").write_bytes(b"library")
    write_list(made, components_of([("_internal/libone.so.1", NUMPY), ("PIL", PILLOW)]))
    return made


def test_a_file_belongs_to_the_distribution_that_installed_it() -> None:
    found = {
        each.name.lower(): each
        for each in components_of([("numpy", NUMPY), ("PIL", PILLOW), ("os", Path(pytest.__file__))])
    }
    assert set(found) == {"numpy", "pillow", "pytest"}
    assert found["pillow"].version == PIL.__version__
    assert found["numpy"].files == ["numpy"]
    assert "BSD" in found["numpy"].licence
    assert "Redistribution" in "".join(found["numpy"].texts)


def test_python_and_this_project_are_owners_too() -> None:
    standard = Path(sys.modules["threading"].__file__ or "")
    names = [each.name for each in components_of([("threading", standard), ("entry", PACKAGING / "entry.py")])]
    assert names == ["FlowerSorter", "Python"]


def test_the_list_names_the_software_inside_openvino(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = find_spec("openvino")
    if spec is None or spec.origin is None:
        pytest.skip("OpenVINO is not installed")
    origin = Path(spec.origin)
    (found,) = components_of([("openvino", origin)])
    assert found.licence.startswith("Apache-2.0; inside: oneDNN (Apache-2.0), oneTBB (Apache-2.0), ")
    assert "Apache License" in "".join(found.texts)
    assert "Portable Hardware Locality (hwloc)" in "".join(found.texts)
    monkeypatch.setattr(licences, "INSIDE", {"openvino": {**INSIDE["openvino"], "libsecret": "MIT"}})
    with pytest.raises(BuildError, match="texts of openvino do not name libsecret"):
        components_of([("openvino", origin)])


@pytest.mark.parametrize("package", ["rawpy", "pylibjxl"])
def test_the_list_names_the_software_inside_the_decoders(package: str) -> None:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        pytest.skip(f"{package} is not installed")
    (found,) = components_of([(package, Path(spec.origin))])
    for name, licence in INSIDE[package].items():
        assert f"{name} ({licence})" in found.licence
        assert name in "".join(found.texts)


def test_a_file_without_a_known_owner_stops_the_build(tmp_path: Path) -> None:
    stranger = tmp_path / "libstrange.so"
    stranger.write_bytes(b"")
    with pytest.raises(BuildError, match=r"libstrange\.so"):
        components_of([("libstrange.so", stranger), ("numpy", NUMPY)])


def test_the_list_names_version_licence_and_text(bundle: Path) -> None:
    index = (bundle / FOLDER / INDEX).read_text(encoding="utf-8")
    assert f"numpy {numpy.__version__}\n    " in index
    assert "LGPL" in index
    assert "_internal/libone.so.1\tnumpy\n" in (bundle / FOLDER / FILES).read_text(encoding="utf-8")
    assert "Redistribution" in (bundle / FOLDER / "numpy.txt").read_text(encoding="utf-8")
    check_list(bundle)


def test_a_library_that_is_not_in_the_list_is_found(bundle: Path) -> None:
    (bundle / "_internal" / "libtwo.so").write_bytes(b"library")
    with pytest.raises(BuildError, match=r"lacks libtwo\.so"):
        check_list(bundle)


def test_a_text_that_is_missing_or_empty_is_found(bundle: Path) -> None:
    (bundle / FOLDER / "numpy.txt").write_text("")
    with pytest.raises(BuildError, match="licence of numpy is missing"):
        check_list(bundle)
    (bundle / FOLDER / INDEX).unlink()
    with pytest.raises(BuildError, match="no list"):
        check_list(bundle)


def test_an_encoder_under_the_gpl_is_found(bundle: Path) -> None:
    (bundle / "_internal" / "libone.so.1").write_bytes(b"...x265_encoder_open_217...")
    with pytest.raises(BuildError, match="encoder under the GPL"):
        check_list(bundle)


def test_texts_that_wheels_lack_are_in_the_project() -> None:
    for names in MISSING_TEXTS.values():
        for name in names:
            assert (PACKAGING / "licences" / name).stat().st_size
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in (PACKAGING / "licences/LGPL-3.0.txt").read_text(encoding="utf-8")
    assert (ROOT / "LICENSE").is_file()
