"""Model files: arrays and a JSON description in one safetensors file, read as if a stranger had sent it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError

from flowersorter.errors import ModelFileBad
from flowersorter.library.durable import write_durably

_METADATA_KEY = "flowersorter"
# A head is well under a megabyte; a whole fine-tuned ResNet-50 in float32 is 100 MB.
MAX_FILE_BYTES = 1 << 30
MAX_HEADER_BYTES = 16 << 20
_MAX_ARRAYS = 10_000
_MAX_DIMENSIONS = 8
_LENGTH_BYTES = 8
_ITEM_BYTES = {
    "BOOL": 1, "U8": 1, "I8": 1, "U16": 2, "I16": 2, "F16": 2,
    "U32": 4, "I32": 4, "F32": 4, "U64": 8, "I64": 8, "F64": 8,
}  # fmt: skip


def write_bundle(path: Path, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, Any]) -> None:
    """Write a model file; `path` holds the old file or the whole new one, whatever happens.

    Args:
        path: The file to make or replace.
        arrays: By name, of any shape; numbers and booleans.
        metadata: What JSON can hold.

    Raises:
        TypeError: `metadata` holds what JSON cannot.
        OSError: the disk refuses.
    """
    text = json.dumps(dict(metadata))
    # safetensors writes the memory as it lies: it has to lie in C order.
    contiguous = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    write_durably(path, safetensors.numpy.save(contiguous, {_METADATA_KEY: text}))


def read_bundle(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Read a model file.

    Returns:
        The arrays by name, and the metadata.

    Raises:
        ModelFileBad: the file is missing, damaged, or not a model of this program.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise _bad(path, f"it is larger than {MAX_FILE_BYTES >> 20} MiB")
        data = path.read_bytes()
    except OSError as error:
        raise _bad(path, error.strerror or str(error)) from error
    try:
        header = _read_header(data)
        metadata = _read_metadata(header)
        _check_arrays(header, len(data))
        arrays = safetensors.numpy.load(data)
    # RecursionError: JSON nested thousands of levels deep.
    except (ValueError, RecursionError, SafetensorError) as error:
        raise _bad(path, str(error)) from error
    return arrays, metadata


def _read_header(data: bytes) -> dict[str, Any]:
    """The table of contents; https://github.com/huggingface/safetensors#format describes it."""
    length = int.from_bytes(data[:_LENGTH_BYTES], "little")
    if len(data) < _LENGTH_BYTES or length > min(len(data) - _LENGTH_BYTES, MAX_HEADER_BYTES):
        raise ValueError("it is not a safetensors file, or only a part of one")
    header = _json_object(data[_LENGTH_BYTES : _LENGTH_BYTES + length], "its header")
    if len(header) > _MAX_ARRAYS:
        raise ValueError("it holds too many arrays")
    return header


def _read_metadata(header: dict[str, Any]) -> dict[str, Any]:
    notes = header.pop("__metadata__", None)
    text = notes.get(_METADATA_KEY) if isinstance(notes, dict) else None
    if not isinstance(text, str):
        raise ValueError("it is not a model of FlowerSorter")
    return _json_object(text.encode("utf-8", "surrogatepass"), "its description")


def _json_object(text: bytes, what: str) -> dict[str, Any]:
    try:
        value = json.loads(text.decode("utf-8"))
    except ValueError as error:
        raise ValueError(f"{what} is damaged") from error
    if not isinstance(value, dict):
        raise ValueError(f"{what} is damaged")
    return value


def _check_arrays(header: dict[str, Any], file_bytes: int) -> None:
    """Make sure that every array is as large as it says, before anything is made of it."""
    start = file_bytes - sum(_array_bytes(name, entry) for name, entry in header.items())
    if start < _LENGTH_BYTES:
        raise ValueError("its arrays are larger than the file")


def _array_bytes(name: str, entry: Any) -> int:
    """The size of one array from its entry in the header."""
    problem = ValueError(f"its array {name[:60]!a} is described wrongly")
    if not isinstance(entry, dict):
        raise problem
    dtype, shape, offsets = (entry.get(key) for key in ("dtype", "shape", "data_offsets"))
    if not isinstance(dtype, str) or dtype not in _ITEM_BYTES or not _are_sizes(shape):
        raise problem
    if not _are_sizes(offsets) or len(offsets) != 2 or len(shape) > _MAX_DIMENSIONS:
        raise problem
    size = math.prod(shape) * _ITEM_BYTES[dtype]
    if offsets[1] - offsets[0] != size:
        raise problem
    return size


def _are_sizes(value: Any) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(type(size) is int and 0 <= size <= MAX_FILE_BYTES for size in value)


def _bad(path: Path, why: str) -> ModelFileBad:
    return ModelFileBad(f"The model file {path} cannot be used", why)
