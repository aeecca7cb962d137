"""Files that call themselves models and are none: every kind by name, as a function that puts it at a path."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import socket
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from flowersorter.library.models.safetensors_bundle import MAX_FILE_BYTES, MAX_HEADER_BYTES
from flowersorter.workflows.models.current_model import starter
from tests.drawing import jpeg_bytes

Arrays = dict[str, NDArray[Any]]
Make = Callable[[Path], None]
#: What a file that is run would leave behind, in the folder it lies in.
TRACE = "somebody was here"


def good_parts() -> tuple[Arrays, dict[str, Any]]:
    """The parts of a model that is accepted."""
    arrays, metadata = starter().model.to_bundle()
    return {name: np.array(array) for name, array in arrays.items()}, dict(metadata)


def model_bytes(arrays: Arrays, description: str) -> bytes:
    """A model file with any arrays and any text as its description."""
    return bytes(safetensors.numpy.save(arrays, {"flowersorter": description}))


def kinds() -> dict[str, Make]:
    """Every kind of hostile file."""
    found: dict[str, Make] = {}
    for name, make in (*_files(), *_headers(), *_arrays(), *_descriptions(), *_class_names()):
        assert name not in found
        found[name] = make
    return found


def _writes(content: bytes) -> Make:
    return lambda path: void(path.write_bytes(content))


def void(_: object) -> None:
    """Forget a result."""


class _Traitor:
    """Leaves a trace when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return open, (str(self.folder / TRACE), "w")


def _files() -> Iterator[tuple[str, Make]]:
    whole = model_bytes(good_parts()[0], json.dumps(good_parts()[1]))
    for name, content in {
        "empty": b"",
        "seven bytes": whole[:7],
        "its length only": whole[:8],
        "cut in its header": whole[:300],
        "cut in its arrays": whole[: len(whole) // 2],
        "one byte short": whole[:-1],
        "one byte long": whole + b"\0",
        "zeros": bytes(100_000),
        "a photo": jpeg_bytes(),
        "a web page": b"<!DOCTYPE html><script>alert(1)</script>" * 10,
        "a shell script": b"#!/bin/sh\ntouch '" + TRACE.encode() + b"'\n",
        "an ELF program": b"\x7fELF\x02\x01\x01" + bytes(200),
        "gzip bomb": gzip.compress(bytes(50_000_000)),
        "safetensors of somebody else": bytes(safetensors.numpy.save({"weight": np.ones((5, 2048), np.float32)})),
    }.items():
        yield name, _writes(content)
    yield "zip bomb", lambda path: void(path.write_bytes(_zip({"data.pkl": bytes(50_000_000)})))
    yield "pickle", lambda path: void(path.write_bytes(pickle.dumps(_Traitor(path.parent))))
    yield "old pickle", lambda path: void(path.write_bytes(pickle.dumps(_Traitor(path.parent), protocol=0)))
    yield (
        "torch file that runs code",
        lambda path: void(path.write_bytes(_zip({"archive/data.pkl": pickle.dumps(_Traitor(path.parent))}))),
    )
    yield "a terabyte of holes", lambda path: _sparse(path, 1 << 40)
    yield "just too large", lambda path: _sparse(path, MAX_FILE_BYTES + 1)
    yield "as large as allowed, and empty", lambda path: _sparse(path, MAX_FILE_BYTES)
    yield "folder", lambda path: path.mkdir()
    yield "nothing there", lambda path: None
    if os.name == "posix":
        yield "pipe", os.mkfifo
        yield "socket", _bind
        for name, target in {
            "link to nowhere": "nowhere",
            "link to itself": "model.safetensors",
            "link to a folder": ".",
            "link to an endless device": "/dev/zero",
            "link to a terminal": "/dev/tty",
            "link to passwords": "/etc/passwd",
        }.items():
            yield name, lambda path, target=target: path.symlink_to(target)  # type: ignore[misc]


def _zip(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def _sparse(path: Path, size: int) -> None:
    path.touch()
    os.truncate(path, size)


def _bind(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket has at most some hundred characters
    try:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(path.name)
    finally:
        os.chdir(here)


ENTRY = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}


def _with_header(header: bytes, data: bytes = b"") -> bytes:
    return struct.pack("<Q", len(header)) + header + data


def _described(**entries: Any) -> bytes:
    """A header with a description that is right, and these arrays."""
    description = json.dumps(good_parts()[1])
    return json.dumps({"__metadata__": {"flowersorter": description}, **entries}).encode()


def _headers() -> Iterator[tuple[str, Make]]:
    wrong_entries: dict[str, dict[str, Any]] = {
        "unknown kind of number": {"dtype": "F8_E4M3"},
        "kind of number as a list": {"dtype": ["F32"]},
        "negative shape": {"shape": [-1]},
        "shape of truths": {"shape": [True]},
        "shape of fractions": {"shape": [1.0]},
        "shape as text": {"shape": "1"},
        "a hundred dimensions": {"shape": [1] * 100},
        "shape beyond all numbers": {"shape": [2**62, 4]},
        "shape of 30 digits": {"shape": [10**30]},
        "negative offsets": {"data_offsets": [-4, 0]},
        "offsets backwards": {"data_offsets": [4, 0]},
        "offsets behind the end": {"data_offsets": [4, 8]},
        "three offsets": {"data_offsets": [0, 4, 8]},
        "no offsets": {"data_offsets": None},
    }
    for name, change in wrong_entries.items():
        yield name, _writes(_with_header(_described(weight={**ENTRY, **change}), b"1234"))
    half = {**ENTRY, "data_offsets": [2, 6]}
    small = MAX_HEADER_BYTES // 3 - 100
    for name, content in {
        "endless header": struct.pack("<Q", 2**63) + b"{}",
        "header of negative length": struct.pack("<q", -1) + b"{}",
        "header longer than the file": struct.pack("<Q", 100) + b"{}",
        "header over the limit": _with_header(b" " * (MAX_HEADER_BYTES + 1)),
        "header of a million lists": _with_header(b'{"a":[' + b"[]," * small + b"[]]}"),
        "header is a list": _with_header(b"[]"),
        "header is nothing": _with_header(b"null"),
        "header is no text": _with_header(b"\xff\xfe{}"),
        "header a hundred thousand levels deep": _with_header(b'{"a":' * 100_000),
        "header with a name twice": _with_header(_described(weight=ENTRY)[:-1] + b', "weight": {}}', b"1234"),
        "array that is a list": _with_header(_described(weight=[1, 2]), b"1234"),
        "ten thousand arrays": _with_header(
            _described(**{f"a{i}": {**ENTRY, "shape": [0], "data_offsets": [0, 0]} for i in range(10_001)})
        ),
        "arrays on top of each other": _with_header(_described(weight=ENTRY, bias=ENTRY), b"12341234"),
        "arrays half on top of each other": _with_header(_described(weight=ENTRY, bias=half), b"123456"),
        "a gap between arrays": _with_header(
            _described(weight=ENTRY, bias={**ENTRY, "data_offsets": [8, 12]}), b"1234----1234"
        ),
        "a billion classes of no width": _with_header(
            _described(weight={**ENTRY, "shape": [10**9, 0], "data_offsets": [0, 0]})
        ),
        "a billion classes": _with_header(
            _described(weight={**ENTRY, "shape": [10**9, 2048], "data_offsets": [0, 8192 * 10**9]})
        ),
    }.items():
        yield name, _writes(content)


def _arrays() -> Iterator[tuple[str, Make]]:
    good, _ = good_parts()
    weight, bias = good["weight"], good["bias"]
    memory = next(name for name in good if name not in ("weight", "bias"))

    def with_nan(array: NDArray[Any], value: float) -> NDArray[Any]:
        changed = array.copy()
        changed.flat[-1] = value
        return changed

    changes: dict[str, Arrays] = {
        "float64 weights": {"weight": weight.astype(np.float64)},
        "float16 weights": {"weight": weight.astype(np.float16)},
        "float64 that overflows": {"weight": np.full(weight.shape, 1e300)},
        "weights of whole numbers": {"weight": weight.astype(np.int64)},
        "bias of truths": {"bias": np.ones(len(bias), np.bool_)},
        "a weight that is no number": {"weight": with_nan(weight, np.nan)},
        "an infinite weight": {"weight": with_nan(weight, -np.inf)},
        "an infinite bias": {"bias": with_nan(bias, np.inf)},
        "a memory that is no number": {memory: with_nan(good[memory], np.nan)},
        "a weight beyond all measure": {"weight": with_nan(weight, 1e38)},
        "weights in three dimensions": {"weight": weight[None]},
        "weights in a row": {"weight": weight.ravel()},
        "weights for another number of classes": {"weight": weight[:-1]},
        "bias for another number of classes": {"bias": np.append(bias, bias)},
        "weights of another width": {
            name: a[..., :512] if a.ndim and a.shape[-1] == 2048 else a for name, a in good.items()
        },
        "weights wider than the memory": {"weight": np.hstack([weight, weight])},
        "weights of no width": {"weight": weight[:, :0]},
        "memory of another width": {memory: good[memory][..., :7]},
        "more directions than the memory holds photos in": {
            "novelty_class_axes": np.zeros((len(weight), 30_000, len(good["novelty_axes"])), np.float16)
        },
        "memory of a hundred thousand photos": {"references": np.zeros((100_000, 1), np.float16)},
    }
    for name, change in changes.items():
        yield name, _writes(model_bytes({**good, **change}, json.dumps(good_parts()[1])))
    for name in sorted(good.keys() - {"class_logits"}):  # a model without these is complete
        rest = {other: array for other, array in good.items() if other != name}
        yield f"no {name}", _writes(model_bytes(rest, json.dumps(good_parts()[1])))
    for rows, of in ((0, "no photo"), (1, "one photo"), (3, "photos that are all zero")):
        first = {"format": 1, "familiarity": 0.5}
        arrays = {"weight": weight, "bias": bias, "references": np.zeros((rows, 7), np.float16)}
        yield f"first format, memory of {of}", _writes(model_bytes(arrays, json.dumps({**good_parts()[1], **first})))


_WRONG_VALUES: dict[str, tuple[Any, ...]] = {
    "format": (99, 0, -1, "2", 2.0, True, None, [2]),
    "backbone": (
        "resnet51",
        "resnet18",
        "",
        "../../etc/passwd",
        "\x1b[2Jresnet50",
        "r" * 100_000,
        None,
        50,
        ["resnet50"],
    ),
    "class_names": ("daisy", {"daisy": 1, "rose": 2}, None, [1, 2, 3, 4, 5], [["daisy"], ["rose"]], [None] * 5),
    "temperature": (0, -1, 1e-300, 1e300, "1", True, None, [1]),
    "sure": ("0.9", None, -1, 1e9, True),
    "probable": ("0.9", None, -1, 1e9, {}),
    "photos": (-1, 1.5, "many", None, 10**15, True),
    "own_photos": (-1, 1.5, "many", None),
    "held_out_accuracy": (1.01, -0.1, "92 %", True, []),
    "built_on_starter": ("yes", 1, None),
    "seed": ("42", None, 1.5),
    "note": (None, 5, ["note"], {"note": "note"}),
    "origin": (None, 5),
}


def _descriptions() -> Iterator[tuple[str, Make]]:
    good, metadata = good_parts()
    for key, values in _WRONG_VALUES.items():
        for value in values:
            text = json.dumps({**metadata, key: value})
            yield f"{key} = {json.dumps(value)[:30]}", _writes(model_bytes(good, text))
        text = json.dumps({other: value for other, value in metadata.items() if other != key})
        yield f"no {key} in the description", _writes(model_bytes(good, text))
    text = json.dumps(metadata)
    for name, wrong in {
        "description is no JSON": "weights and a bias",
        "description is a list": "[1]",
        "description is nothing": "null",
        "description a hundred thousand levels deep": '{"a":' + "[" * 100_000,
        "a number that is none in the description": text[:-1] + ', "x": NaN}',
        "an infinite number in the description": text[:-1] + ', "x": -Infinity}',
        "a number too large in the description": text[:-1] + ', "x": 1e999}',
        "a number of five thousand digits in the description": text[:-1] + ', "x": ' + "9" * 5000 + "}",
        "a name twice in the description": text[:-1] + ', "note": "another"}',
    }.items():
        yield name, _writes(model_bytes(good, wrong))
    yield "description is a number", _writes(_with_header(b'{"__metadata__": {"flowersorter": 5}}'))
    yield "description with half a character", _writes(_with_header(b'{"__metadata__": {"flowersorter": "\\ud800"}}'))


def _class_names() -> Iterator[tuple[str, Make]]:
    good, metadata = good_parts()
    others = metadata["class_names"][2:]
    pairs = {
        "the same name twice": ("daisy", "daisy"),
        "names that differ in case only": ("daisy", "DAISY"),
        "names that differ in composition only": ("gänse", "ga\u0308nse"),
        "an empty name": ("daisy", ""),
        "a name of spaces": ("daisy", "   "),
        "a name with a space before it": ("daisy", " rose"),
        "a name of a million characters": ("daisy", "x" * 1_000_000),
        "a name of 101 characters": ("daisy", "x" * 101),
        "a name with a line break": ("daisy", "ro\nse"),
        "a name with an end": ("daisy", "ro\0se"),
        "a name that clears the terminal": ("daisy", "\x1b[2J\x1b[H"),
        "a name with half a character": ("daisy", "\udcff"),
        "a name that reads backwards": ("daisy", "rose\u202egpj.exe"),
        "a name that goes up": ("daisy", "../../.bashrc"),
        "a name that goes up on Windows": ("daisy", "..\\..\\autoexec.bat"),
        "a name that goes up in wide letters": ("daisy", "．．／rose"),
        "a name that is a folder above": ("daisy", ".."),
        "a name that is a path": ("daisy", "/etc/passwd"),
        "a name that is a path on Windows": ("daisy", "C:\\Windows"),
        "a name that is a share": ("daisy", "\\\\server\\share"),
    }
    for name, pair in pairs.items():
        yield name, _writes(model_bytes(good, json.dumps({**metadata, "class_names": [*pair, *others]})))
    one = {"weight": good["weight"][:1], "bias": good["bias"][:1]}
    none = {"weight": good["weight"][:0], "bias": good["bias"][:0]}
    many = {"weight": np.zeros((10_001, 2048), np.float32), "bias": np.zeros(10_001, np.float32)}
    for name, arrays, names in (
        ("one class", one, ["daisy"]),
        ("no class", none, []),
        ("too many classes", many, [f"class {i}" for i in range(10_001)]),
    ):
        yield name, _writes(model_bytes({**good, **arrays}, json.dumps({**metadata, "class_names": names})))
