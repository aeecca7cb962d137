"""Model files and the table of models."""

from __future__ import annotations

import contextlib
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from flowersorter.errors import ModelFileBad, UserError
from flowersorter.library.collection import CollectionStore
from flowersorter.library.models.safetensors_bundle import read_bundle, write_bundle

ARRAYS: dict[str, NDArray[Any]] = {
    "weights": np.arange(12, dtype=np.float32).reshape(3, 4),
    "turned": np.arange(12, dtype=np.float16).reshape(3, 4).T,
    "temperature": np.array(1.5),
    "none": np.empty((0, 4), np.int64),
    "flags": np.array([True, False]),
}
METADATA: dict[str, Any] = {
    "backbone": "resnet50",
    "class_names": ["Gänseblümchen", "Rose"],
    "held_out_accuracy": 0.93,
    "photos": 120,
    "note": "after the rain",
}


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    write_bundle(path, ARRAYS, METADATA)
    return path


def file_with(header: bytes, data: bytes = b"") -> bytes:
    return struct.pack("<Q", len(header)) + header + data


def header_with(metadata: Any = '{"a": 1}', **arrays: Any) -> bytes:
    return json.dumps({"__metadata__": {"flowersorter": metadata}, **arrays}).encode()


def test_a_bundle_comes_back_as_it_was(bundle: Path) -> None:
    arrays, metadata = read_bundle(bundle)
    assert metadata == METADATA
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        assert arrays[name].shape == array.shape
        assert np.array_equal(arrays[name], array)


def test_writing_that_fails_leaves_the_old_file(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = bundle.read_bytes()

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_bundle(bundle, {}, METADATA)
    assert bundle.read_bytes() == before
    assert list(bundle.parent.iterdir()) == [bundle]


ENTRY = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 7,
        b"\0" * 8,
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 100) + b"{}",
        file_with(b"{}"),
        file_with(b"[]"),
        file_with(b"null"),
        file_with(b"\xff\xfe{}"),
        file_with(b"[" * 100_000),
        file_with(b'{"a":' * 100_000),
        file_with(header_with(metadata=None)),
        file_with(header_with(metadata="no json")),
        file_with(header_with(metadata="[1]")),
        file_with(header_with(metadata="[" * 100_000)),
        file_with(header_with(metadata="\ud800")),
        file_with(header_with(metadata="1" * 5000)),
        file_with(json.dumps({"__metadata__": {"format": "pt"}, "w": ENTRY}).encode(), b"1234"),
        file_with(header_with(w=ENTRY)),
        file_with(header_with(w=ENTRY), b"12345678"),
        file_with(header_with(w={**ENTRY, "dtype": "F99"}), b"1234"),
        file_with(header_with(w={**ENTRY, "dtype": "BF16"}), b"1234"),
        file_with(header_with(w={**ENTRY, "dtype": ["F32"]}), b"1234"),
        file_with(header_with(w={**ENTRY, "shape": [-1]}), b"1234"),
        file_with(header_with(w={**ENTRY, "shape": [True]}), b"1234"),
        file_with(header_with(w={**ENTRY, "shape": [2**62, 4]}), b"1234"),
        file_with(header_with(w={**ENTRY, "shape": [1] * 100}), b"1234"),
        file_with(header_with(w={**ENTRY, "shape": "1"}), b"1234"),
        file_with(header_with(w={**ENTRY, "data_offsets": [4, 8]}), b"1234"),
        file_with(header_with(w={**ENTRY, "data_offsets": [0]}), b"1234"),
        file_with(header_with(w={**ENTRY, "data_offsets": None}), b"1234"),
        file_with(header_with(w=[1, 2]), b"1234"),
        file_with(header_with(w=ENTRY, v=ENTRY), b"1234"),
        file_with(header_with(w=ENTRY, v=ENTRY), b"12345678"),
        file_with(header_with(**{f"a{n}": {**ENTRY, "data_offsets": [0, 0], "shape": [0]} for n in range(10_001)})),
        b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94.",
        b"PK\x03\x04 a torch file",
    ],
)
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelFileBad, match=r"model\.safetensors cannot be used"):
        read_bundle(path)


def test_a_foreign_safetensors_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    safetensors.numpy.save_file({"weights": np.ones(3, np.float32)}, path)
    with pytest.raises(ModelFileBad, match="not a FlowerSorter model"):
        read_bundle(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ModelFileBad):
            read_bundle(path)


def test_arrays_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    entries = {f"a{number}": {"dtype": "U8", "shape": [500], "data_offsets": [0, 500]} for number in range(50)}
    path.write_bytes(file_with(header_with(**entries), b"\0" * 500))
    with pytest.raises(ModelFileBad, match="overlap"):
        read_bundle(path)


def test_a_file_beyond_all_measure_is_not_read(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flowersorter.library.models.safetensors_bundle.MAX_FILE_BYTES", 10)
    with pytest.raises(ModelFileBad, match="larger than"):
        read_bundle(bundle)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused_and_never_worse(data: st.DataObject, bundle: Path) -> None:
    content = bytearray(bundle.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        match data.draw(st.sampled_from(["flip", "cut", "insert"])):
            case "flip":
                content[at] = data.draw(st.integers(0, 255))
            case "cut":
                del content[at : at + data.draw(st.integers(1, 50))]
            case _:
                content[at:at] = data.draw(st.binary(min_size=1, max_size=9))
        if not content:
            break
    damaged = bundle.with_name("damaged.safetensors")
    damaged.write_bytes(content)
    with contextlib.suppress(ModelFileBad):
        read_bundle(damaged)


HEADER_KEYS = st.sampled_from(["dtype", "shape", "data_offsets", "w", "__metadata__", "flowersorter"])
ANY_JSON: st.SearchStrategy[Any] = st.deferred(
    lambda: (
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(max_size=9)
        | st.lists(ANY_JSON, max_size=4)
        | st.dictionaries(HEADER_KEYS, ANY_JSON, max_size=4)
    )
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(header=ANY_JSON, data=st.binary(max_size=16))
def test_any_header_is_read_or_refused(header: Any, data: bytes, tmp_path: Path) -> None:
    if isinstance(header, dict):
        header["__metadata__"] = {"flowersorter": "{}"}
    path = tmp_path / "model.safetensors"
    path.write_bytes(file_with(json.dumps(header).encode(), data))
    with contextlib.suppress(ModelFileBad):
        read_bundle(path)


def test_a_model_is_kept_listed_and_loaded(collection: CollectionStore) -> None:
    first = collection.models.add(ARRAYS, METADATA)
    second = collection.models.add(ARRAYS, {**METADATA, "held_out_accuracy": None, "note": ""})
    newest, oldest = collection.models.all()
    assert (newest.id, oldest.id) == (second, first)
    assert newest.held_out_accuracy is None
    assert oldest.classes == ("Gänseblümchen", "Rose")
    assert (oldest.backbone, oldest.photos, oldest.note) == ("resnet50", 120, "after the rain")
    assert oldest.held_out_accuracy == pytest.approx(0.93)
    arrays, metadata = collection.models.load(first)
    assert metadata == METADATA
    assert np.array_equal(arrays["weights"], ARRAYS["weights"])


def test_the_starter_is_in_use_until_another_is_chosen(collection: CollectionStore) -> None:
    first, second = collection.models.add(ARRAYS, METADATA), collection.models.add(ARRAYS, METADATA)
    assert collection.models.current() is None
    for model_id in (first, second):
        collection.models.use(model_id)
        assert [entry.id for entry in collection.models.all() if entry.current] == [model_id]
        current = collection.models.current()
        assert current is not None
        assert current.id == model_id
    with pytest.raises(ModelFileBad, match="no model 99"):
        collection.models.use(99)
    assert collection.models.current() is not None
    collection.models.use(None)
    assert collection.models.current() is None


def test_deleting_the_model_in_use_brings_the_starter_back(collection: CollectionStore) -> None:
    model_id = collection.models.add(ARRAYS, METADATA)
    collection.models.use(model_id)
    collection.models.delete(model_id)
    assert collection.models.current() is None
    assert collection.models.all() == []
    assert list((collection.folder / "models").iterdir()) == []
    with pytest.raises(ModelFileBad):
        collection.models.delete(model_id)
    assert collection.models.add(ARRAYS, METADATA) > model_id


def test_a_model_whose_deletion_is_rolled_back_keeps_its_file(collection: CollectionStore) -> None:
    model_id = collection.models.add(ARRAYS, METADATA)

    def delete() -> None:
        with collection.database.transaction():
            collection.models.delete(model_id)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        delete()
    arrays, _ = collection.models.load(model_id)
    assert arrays.keys() == ARRAYS.keys()


def test_a_model_whose_file_is_gone_gives_a_clear_error(collection: CollectionStore) -> None:
    model_id = collection.models.add(ARRAYS, METADATA)
    (collection.folder / "models" / f"{model_id}.safetensors").unlink()
    with pytest.raises(ModelFileBad):
        collection.models.load(model_id)


def test_a_model_that_cannot_be_saved_leaves_no_row(collection: CollectionStore) -> None:
    (collection.folder / "models").write_bytes(b"a file in the way")
    with pytest.raises(UserError, match="could not be saved"):
        collection.models.add(ARRAYS, METADATA)
    assert collection.models.all() == []
