"""Model files: arrays and JSON metadata in one safetensors file. Reading treats every file as untrusted."""

from __future__ import annotations

import json
import math
import os
import stat
from collections.abc import Mapping
from io import FileIO
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from flowersorter.atomic_write import write_atomically
from flowersorter.errors import ModelFileBad
from flowersorter.messages import text

_METADATA_KEY = "flowersorter"
# A head has well under a megabyte; a fine-tuned ResNet-50 in float32 has 100 MB.
MAX_FILE_BYTES = 1 << 28
MAX_HEADER_BYTES = 4 << 20
_MAX_ARRAYS = 10_000
_MAX_DIMENSIONS = 8
_LENGTH_BYTES = 8
#: More digits than any number in our files; an integer of this length fits SQLite's 64 bits.
_MAX_DIGITS = 18
_DTYPES = {
    "BOOL": np.dtype("?"),
    **{f"U{8 * size}": np.dtype(f"<u{size}") for size in (1, 2, 4, 8)},
    **{f"I{8 * size}": np.dtype(f"<i{size}") for size in (1, 2, 4, 8)},
    **{f"F{8 * size}": np.dtype(f"<f{size}") for size in (2, 4, 8)},
}
#: Opening a pipe without O_NONBLOCK blocks until a writer appears; Windows has no such flag.
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def write_bundle(path: Path, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, Any]) -> None:
    """Write a model file atomically.

    Args:
        path: The file to make or replace.
        arrays: By name, of any shape; numbers and booleans.
        metadata: JSON values.

    Raises:
        TypeError: `metadata` holds a value that JSON does not have.
        OSError: the disk refuses.
    """
    write_atomically(path, bundle_bytes(arrays, metadata))


def bundle_bytes(arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, Any]) -> bytes:
    """Make the content of a model file.

    Raises:
        TypeError: `metadata` holds a value that JSON does not have.
    """
    text = json.dumps(dict(metadata))
    # safetensors writes the raw memory, which must be in C order.
    contiguous = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    return bytes(safetensors.numpy.save(contiguous, {_METADATA_KEY: text}))


def read_bundle(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Read a model file; memory is limited to a header of `MAX_HEADER_BYTES` and the file itself.

    Returns:
        The arrays by name, read-only, and the metadata.

    Raises:
        ModelFileBad: the file is missing, damaged, or not a FlowerSorter model.
    """
    try:
        with _open(path) as file:
            size = os.fstat(file.fileno()).st_size
            header, start = _read_header(file, size)
            metadata = _read_metadata(header)
            _check_arrays(header, size - start)
            data = _read(file, size - start)
        return {name: _array(entry, data) for name, entry in header.items()}, metadata
    except OSError as error:
        raise _bad(path, error.strerror or str(error)) from error
    # RecursionError: JSON nested thousands of levels deep.
    except (ValueError, RecursionError) as error:
        raise _bad(path, str(error)) from error


def _open(path: Path) -> FileIO:
    # Opening some devices has side effects, so the kind of file is checked before opening too.
    _require_regular(os.stat(path))  # noqa: PTH116 - the flags need os anyway
    file = FileIO(os.open(path, _OPEN_FLAGS), "rb")
    try:
        _require_regular(os.fstat(file.fileno()))
    except ValueError:
        file.close()
        raise
    return file


def _require_regular(status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise ValueError("it is a folder")
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("it is a pipe or a device, not a file")
    if status.st_size > MAX_FILE_BYTES:
        raise ValueError(f"it is larger than {MAX_FILE_BYTES >> 20} MiB")


def _read(file: FileIO, count: int) -> bytes:
    data = file.read(count) or b""
    while len(data) < count and (more := file.read(count - len(data))):
        data += more  # only network drives return less than requested
    if len(data) < count:
        raise ValueError("it is incomplete")
    return data


def _read_header(file: FileIO, size: int) -> tuple[dict[str, Any], int]:
    """The header and where it ends; https://github.com/huggingface/safetensors#format describes it."""
    problem = ValueError("it is not a safetensors file, or it is incomplete")
    if size < _LENGTH_BYTES:
        raise problem
    length = int.from_bytes(_read(file, _LENGTH_BYTES), "little")
    if length > min(size - _LENGTH_BYTES, MAX_HEADER_BYTES):
        raise problem
    header = _json_object(_read(file, length), "its header")
    if len(header) > _MAX_ARRAYS:
        raise ValueError("it holds too many arrays")
    return header, _LENGTH_BYTES + length


def _read_metadata(header: dict[str, Any]) -> dict[str, Any]:
    notes = header.pop("__metadata__", None)
    text = notes.get(_METADATA_KEY) if isinstance(notes, dict) else None
    if not isinstance(text, str):
        raise ValueError("it is not a FlowerSorter model")
    return _json_object(text.encode("utf-8", "surrogatepass"), "its description")


def _json_object(text: bytes, what: str) -> dict[str, Any]:
    """Parse strictly: no duplicate keys, only finite numbers of ordinary length."""
    try:
        value = json.loads(
            text.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_refused_number,
            parse_float=_finite,
            parse_int=_short,
        )
    except ValueError as error:
        raise ValueError(f"{what} is damaged") from error
    if not isinstance(value, dict):
        raise ValueError(f"{what} is damaged")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _refused_number(text: str) -> float:
    raise ValueError(f"{text[:_MAX_DIGITS]} is not a valid number")


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _refused_number(text)


def _short(text: str) -> int:
    return int(text) if len(text) <= _MAX_DIGITS else int(_refused_number(text))


def _check_arrays(header: dict[str, Any], total: int) -> None:
    """Check, before any array is made, that the arrays have the declared sizes and fill the file exactly."""
    end = 0
    for begin, stop in sorted(_extent(name, entry) for name, entry in header.items()):
        if begin != end:
            raise ValueError("its arrays overlap or leave gaps")
        end = stop
    if end != total:
        raise ValueError("its arrays are larger than the file" if end > total else "it holds data outside its arrays")


def _extent(name: str, entry: Any) -> tuple[int, int]:
    """The start and end of one array in the data, from its entry in the header."""
    problem = ValueError(f"its array {name[:60]!a} has an invalid description")
    if not isinstance(entry, dict):
        raise problem
    dtype, shape, offsets = (entry.get(key) for key in ("dtype", "shape", "data_offsets"))
    if not isinstance(dtype, str) or dtype not in _DTYPES or not _are_sizes(shape):
        raise problem
    if not _are_sizes(offsets) or len(offsets) != 2 or len(shape) > _MAX_DIMENSIONS:
        raise problem
    if offsets[1] - offsets[0] != math.prod(shape) * _DTYPES[dtype].itemsize:
        raise problem
    return offsets[0], offsets[1]


def _array(entry: dict[str, Any], data: bytes) -> NDArray[Any]:
    dtype, count = _DTYPES[entry["dtype"]], math.prod(entry["shape"])
    flat = np.frombuffer(data, dtype, count, entry["data_offsets"][0]) if count else np.empty(0, dtype)
    return np.reshape(flat, entry["shape"])


def _are_sizes(value: Any) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(type(size) is int and 0 <= size <= MAX_FILE_BYTES for size in value)


def _bad(path: Path, why: str) -> ModelFileBad:
    return ModelFileBad(text("The model file {path} cannot be used", path=path), why)
