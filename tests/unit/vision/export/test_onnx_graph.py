"""The ONNX graph against torch and Pillow: the pixels, each kind of network, the whole way, photos of any shape."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper
from PIL import Image

from flowersorter.vision.backbone.build import assemble
from flowersorter.vision.backbone.load_weights import load_state
from flowersorter.vision.backbone.registry import Backbone, backbone
from flowersorter.vision.classifier.calibration import softmax
from flowersorter.vision.export import onnx_graph
from flowersorter.vision.features.views import CENTRE, cut
from tests.drawing import BLUE, textured
from tests.drawn_weights import drawn_state

CLASSES = 5
#: (width, height): usual, the crop exactly, small, tall, wide, so long that the ends are cut off, a line.
SIZES = [(640, 480), (480, 641), (256, 256), (257, 300), (40, 30), (300, 1000), (1000, 257), (4000, 300), (3, 500)]


def photo_of(size: tuple[int, int]) -> NDArray[np.uint8]:
    """A drawn photo with fine and coarse detail, (H, W, 3)."""
    fine = np.random.default_rng(size[0]).integers(-20, 21, (size[1], size[0], 3))
    return np.clip(np.asarray(textured(size, BLUE, seed=size[1])).astype(int) + fine, 0, 255).astype(np.uint8)


def seen_by_us(entry: Backbone, photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The crop that the program's own loader would make of an undamaged picture, (S, S, 3)."""
    image = Image.fromarray(photo)
    width, height = image.size
    longest = 8 * min(width, height)
    left, top = max(0, width - longest) / 2, max(0, height - longest) / 2
    scale = entry.short_side_px / min(width, height)
    size = round((width - 2 * left) * scale), round((height - 2 * top) * scale)
    box = (left, top, width - left, height - top)
    return cut(np.array(image.resize(size, Image.Resampling.BICUBIC, box)), CENTRE, entry.crop_px)


def head(entry: Backbone) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    random = np.random.default_rng(7)
    return (
        random.normal(0, 4, (CLASSES, entry.features)).astype(np.float32),
        random.normal(0, 1, CLASSES).astype(np.float32),
    )


class Both:
    """One network and head, in torch with our own loader, and as a file in onnxruntime."""

    def __init__(self, entry: Backbone, state: dict[str, torch.Tensor]) -> None:
        self.entry = entry
        self.weight, self.bias = head(entry)
        self.network = assemble(entry, state, classifier=False)
        arrays = {name: tensor.numpy() for name, tensor in state.items()}
        self.file = onnx_graph.build(entry, arrays, self.weight, self.bias, {"class_names": '["a"]'})
        self.session = onnxruntime.InferenceSession(self.file)

    def torch_says(self, crop: NDArray[np.uint8]) -> NDArray[np.float32]:
        mean = torch.tensor(self.entry.mean).reshape(3, 1, 1)
        std = torch.tensor(self.entry.std).reshape(3, 1, 1)
        with torch.inference_mode():
            pixels = (torch.from_numpy(crop).permute(2, 0, 1).float() - mean) / std
            roots = self.network(pixels[None]).numpy() ** 0.5
        features = roots / np.linalg.norm(roots)
        result: NDArray[np.float32] = softmax(features @ self.weight.T + self.bias)[0]
        return result

    def onnx_says(self, photo: NDArray[np.uint8]) -> NDArray[np.float32]:
        result: NDArray[np.float32] = self.session.run(None, {"photo": photo})[0]
        return result


@pytest.fixture(scope="module")
def shipped() -> Both:
    entry = backbone("resnet50")
    return Both(entry, load_state(entry))


@pytest.mark.parametrize("name", ["resnet18", "resnet34", "resnet50-v2"])
def test_every_kind_of_network_computes_what_torch_computes(name: str) -> None:
    entry = backbone(name)
    both = Both(entry, drawn_state(entry))
    photo = photo_of((entry.short_side_px + 60, entry.short_side_px))  # as large as it is needed: nothing is resized
    expected = both.torch_says(cut(photo, CENTRE, entry.crop_px))
    assert expected.max() < 0.999  # else any network would agree
    assert np.abs(both.onnx_says(photo) - expected).max() < 1e-4


def test_the_shipped_network_computes_what_torch_computes(shipped: Both) -> None:
    for seed in range(4):
        photo = photo_of((256 + 40 * seed, 256))
        expected = shipped.torch_says(cut(photo, CENTRE, 224))
        assert np.abs(shipped.onnx_says(photo) - expected).max() < 1e-4


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_whole_way_agrees_with_ours_within_a_thousandth(shipped: Both, size: tuple[int, int]) -> None:
    photo = photo_of(size)
    expected = shipped.torch_says(seen_by_us(shipped.entry, photo))
    # Of pictures twice as tall as wide Pillow takes the passes in another order, which shows in the finest detail.
    assert np.abs(shipped.onnx_says(photo) - expected).max() < (1e-2 if size[1] > 2 * size[0] else 1e-3)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_pixels_are_pillows_to_a_level(size: tuple[int, int]) -> None:
    entry = backbone("resnet50")
    difference = np.abs(levels_of(entry, photo_of(size)) - seen_by_us(entry, photo_of(size)))
    tall = size[1] > 2 * size[0]
    assert difference.mean() < (1.0 if tall else 0.01)
    assert difference.max() < (30 if tall else 1.01)


def test_a_square_is_enlarged_for_a_network_that_was_trained_so() -> None:
    entry = replace(backbone("resnet50"), crop_px=256, shown_px=320)
    square = Image.fromarray(seen_by_us(entry, photo_of((640, 480))))
    enlarged = np.asarray(square.resize((320, 320), Image.Resampling.BICUBIC))
    difference = np.abs(levels_of(entry, photo_of((640, 480))) - enlarged)
    assert difference.mean() < 0.05
    assert difference.max() < 2.01


def levels_of(entry: Backbone, photo: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The pixels that the network in the file sees, before they are normalised; (S, S, 3)."""
    graph = onnx_graph._Graph()
    result = onnx_graph._pixels(graph, entry)
    taken = helper.make_tensor_value_info("photo", TensorProto.UINT8, ["height", "width", 3])
    pixels = helper.make_tensor_value_info(result, TensorProto.FLOAT, [1, 3, entry.seen_px, entry.seen_px])
    made = helper.make_graph(graph.nodes, "pixels", [taken], [pixels], graph.constants)
    model = helper.make_model(made, ir_version=8, opset_imports=[helper.make_opsetid("", 18)])
    session = onnxruntime.InferenceSession(model.SerializeToString())
    seen: NDArray[np.float32] = session.run(None, {"photo": photo})[0][0].transpose(1, 2, 0)
    return seen * np.array(entry.std, np.float32) + np.array(entry.mean, np.float32)


def test_the_file_says_what_it_takes_and_gives(shipped: Both) -> None:
    model = onnx.load_from_string(shipped.file)
    onnx.checker.check_model(model, full_check=True)
    [taken], [given] = shipped.session.get_inputs(), shipped.session.get_outputs()
    assert (taken.name, taken.type, taken.shape) == ("photo", "tensor(uint8)", ["height", "width", 3])
    assert (given.name, given.type, given.shape) == ("probabilities", "tensor(float)", [CLASSES])
    assert shipped.session.get_modelmeta().custom_metadata_map == {"class_names": '["a"]'}
    # The convolutions stay as they ship, in 16 bits: half the size, not a digit lost.
    assert len(shipped.file) < 50e6


@pytest.mark.parametrize(
    "wrong", [np.zeros((9, 9, 4), np.uint8), np.zeros((9, 9, 3), np.float32)], ids=["rgba", "float"]
)
def test_what_is_no_photo_is_refused_by_the_runtime(shipped: Both, wrong: NDArray[Any]) -> None:
    with pytest.raises(Exception, match="INVALID_ARGUMENT"):
        shipped.session.run(None, {"photo": wrong})
