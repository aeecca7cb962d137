"""The conversion of Keras' shards, checked against a forward pass of Keras' own arithmetic."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from flowersorter.vision.backbone.architecture import ResNetArchitecture
from flowersorter.vision.backbone.build import assemble
from flowersorter.vision.backbone.registry import Backbone, backbone
from flowersorter.vision.backbone.state_dict import read_state
from tests.unit.vision.backbone import keras_resnet

ROOT = Path(__file__).parents[4]
LAYERS = ResNetArchitecture("bottleneck", (2, 1, 1, 1), stride_in_first_conv=True, batch_norm_eps=1.001e-5)
TINY: Backbone = dataclasses.replace(backbone("resnet50"), architecture=LAYERS)

Arrays = dict[str, NDArray[np.float32]]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("convert_resnet50", ROOT / "packaging" / "convert_resnet50.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def arrays() -> Arrays:
    return keras_resnet.random_arrays()


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory, arrays: Arrays) -> Path:
    folder = tmp_path_factory.mktemp("package")
    keras_resnet.write_package(folder, arrays)
    return folder


@pytest.fixture(scope="module")
def photo() -> NDArray[np.uint8]:
    # Wider than high, and with sides whose halves are odd: a stride in the wrong place shows at the edges.
    return np.random.default_rng(5).integers(0, 256, (44, 70, 3), np.uint8)


@pytest.fixture(scope="module")
def truth(arrays: Arrays, photo: NDArray[np.uint8]) -> NDArray[np.float64]:
    return keras_resnet.features(arrays, photo)


def with_layers(**changes: Any) -> Backbone:
    return dataclasses.replace(TINY, architecture=dataclasses.replace(LAYERS, **changes))


def normalised(entry: Backbone, photo: NDArray[np.uint8]) -> torch.Tensor:
    pixels = torch.from_numpy(photo).permute(2, 0, 1).double()
    mean, std = torch.tensor(entry.mean, dtype=torch.float64), torch.tensor(entry.std, dtype=torch.float64)
    return ((pixels - mean[:, None, None]) / std[:, None, None]).float()[None]


def our_features(entry: Backbone, state: dict[str, torch.Tensor], photo: NDArray[np.uint8]) -> NDArray[np.float64]:
    network = assemble(entry, state, classifier=False)
    return network(normalised(entry, photo))[0].double().numpy()  # type: ignore[no-any-return]


def as_state(converted: Arrays) -> dict[str, torch.Tensor]:
    state = {name: torch.from_numpy(array.copy()) for name, array in converted.items()}
    norms = [name.removesuffix("running_var") for name in state if name.endswith("running_var")]
    return state | {f"{norm}num_batches_tracked": torch.tensor(0) for norm in norms}


def distance(ours: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    return float(np.abs(ours - truth).max() / np.abs(truth).max())


def test_converted_arrays_give_keras_features(
    script: ModuleType, package: Path, photo: NDArray[np.uint8], truth: NDArray[np.float64]
) -> None:
    converted = script.convert(script.read_package(package / "ResNet50"))
    assert distance(our_features(TINY, as_state(converted), photo), truth) < 5e-6


def test_a_slip_anywhere_would_show(
    script: ModuleType, package: Path, photo: NDArray[np.uint8], truth: NDArray[np.float64]
) -> None:
    converted = script.convert(script.read_package(package / "ResNet50"))
    arrays = script.read_package(package / "ResNet50")
    slips: dict[str, tuple[Backbone, Arrays]] = {
        "stride in the 3x3": (with_layers(stride_in_first_conv=False), converted),
        "epsilon of torch": (with_layers(batch_norm_eps=1e-5), converted),
        "mean in BGR order": (dataclasses.replace(TINY, mean=TINY.mean[::-1]), converted),
        "channels not flipped": (
            TINY,
            converted | {"conv1.weight": np.ascontiguousarray(converted["conv1.weight"][:, ::-1])},
        ),
        "kernel mirrored": (
            TINY,
            converted | {"conv1.weight": np.ascontiguousarray(converted["conv1.weight"].swapaxes(2, 3))},
        ),
        "bias forgotten": (TINY, converted | {"bn1.running_mean": arrays["bn_conv1/moving_mean"]}),
        "bias of a shortcut forgotten": (
            TINY,
            converted | {"layer2.0.downsample.1.running_mean": arrays["bn3a_branch1/moving_mean"]},
        ),
    }
    for slip, (entry, wrong) in slips.items():
        assert distance(our_features(entry, as_state(wrong), photo), truth) > 1e-5, slip


def test_the_written_file_gives_keras_logits(
    script: ModuleType,
    package: Path,
    photo: NDArray[np.uint8],
    truth: NDArray[np.float64],
    arrays: Arrays,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "argv", ["convert_resnet50.py", str(package), str(tmp_path)])
    script.main()
    state = read_state(TINY, tmp_path / "resnet50-imagenet.safetensors")
    ours = assemble(TINY, state, classifier=True)(normalised(TINY, photo))[0].double().numpy()
    wanted = keras_resnet.logits(arrays, truth)
    assert distance(ours, wanted) < 2e-3  # the kernels went through float16
    assert state["conv1.weight"].dtype == torch.float16
    assert state["bn1.running_var"].dtype == torch.float32
    names = json.loads((tmp_path / "imagenet-classes.json").read_text(encoding="utf-8"))
    assert names[:2] == ["class 0", "class 1"]
    assert len(names) == 1000


def test_shards_of_the_wrong_size_are_refused(script: ModuleType, package: Path, tmp_path: Path) -> None:
    for change in (b"", b"\0" * 8):
        folder = tmp_path / str(len(change))
        folder.mkdir()
        for file in (package / "ResNet50").iterdir():
            (folder / file.name).write_bytes(file.read_bytes())
        last = folder / "group1-shard3of3.bin"
        last.write_bytes(last.read_bytes() + change if change else last.read_bytes()[:-4])
        with pytest.raises(ValueError, match="shards"):
            script.read_package(folder)


def test_a_variance_beyond_float16_stays_exact_and_a_kernel_beyond_it_is_refused(script: ModuleType) -> None:
    big = np.full(4, 1e5, np.float32)
    assert script.compress({"bn1.running_var": big})["bn1.running_var"].tolist() == big.tolist()
    with pytest.raises(ValueError, match="float16"), np.errstate(over="ignore"):
        script.compress({"conv1.weight": big.reshape(1, 4)})


@pytest.mark.parametrize(
    ("keras", "convolution", "norm"),
    [
        ("conv1", "conv1", "bn1"),
        ("res2a_branch1", "layer1.0.downsample.0", "layer1.0.downsample.1"),
        ("bn5c_branch2b", "layer4.2.conv2", "layer4.2.bn2"),
        ("res4f_branch2c", "layer3.5.conv3", "layer3.5.bn3"),
    ],
)
def test_names(script: ModuleType, keras: str, convolution: str, norm: str) -> None:
    assert script.torch_names(keras) == (convolution, norm)


def test_an_unknown_layer_is_refused(script: ModuleType) -> None:
    with pytest.raises(ValueError, match="res6a"):
        script.torch_names("res6a_branch2a")
