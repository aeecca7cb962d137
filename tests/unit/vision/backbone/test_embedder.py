from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from flowersorter.errors import DeviceUnavailable, UserError
from flowersorter.photos.read import read_photo
from flowersorter.vision.backbone.architecture import TorchvisionArchitecture
from flowersorter.vision.backbone.build import build_network, enlarged
from flowersorter.vision.backbone.embedder import Embedder
from flowersorter.vision.backbone.load_weights import imagenet_layer
from flowersorter.vision.backbone.registry import Backbone, backbone
from flowersorter.vision.features.views import CENTRE, cut

ENTRY = backbone("resnet50")
FLOWERS = Path(__file__).parents[5] / "shared" / "flowers"
DAISY = 985

real_photos = pytest.mark.real_photos
needs_photos = pytest.mark.skipif(not FLOWERS.is_dir(), reason="the folder of real flower photos is not here")
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


class Means(nn.Module):
    """The mean of each channel: a network whose answer can be told by hand."""

    def __init__(self, fits: int | None = None) -> None:
        super().__init__()
        self.fits, self.batches = fits, list[int]()

    def forward(self, pixels: Tensor) -> Tensor:
        if self.fits is not None and len(pixels) > self.fits:
            raise torch.OutOfMemoryError("CUDA out of memory")
        self.batches.append(len(pixels))
        return pixels.mean(dim=(2, 3))


def tiny(side: int = 8) -> Backbone:
    return dataclasses.replace(ENTRY, features=3, crop_px=side, mean=(10.0, 20.0, 30.0), std=(1.0, 2.0, 4.0))


def random_crops(count: int, side: int = 8) -> NDArray[np.uint8]:
    return np.random.default_rng(count).integers(0, 256, (count, side, side, 3), np.uint8)


@cache
def daisies(count: int) -> NDArray[np.uint8]:
    """Evenly taken from the folder: (count, 224, 224, 3) uint8."""
    paths = sorted(FLOWERS.glob("daisy/*"))
    paths = paths[:: len(paths) // count][:count]
    photos = [read_photo(path, short_side_px=ENTRY.short_side_px).pixels for path in paths]
    return np.stack([cut(pixels, CENTRE, ENTRY.crop_px) for pixels in photos])


def cosines(one: NDArray[np.float16], other: NDArray[np.float16]) -> NDArray[np.float64]:
    a, b = one.astype(np.float64), other.astype(np.float64)
    result: NDArray[np.float64] = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    return result


def test_pixels_are_normalised_as_the_entry_says() -> None:
    crops = random_crops(5)
    embeddings = Embedder(tiny(), Means()).embed(crops)
    wanted = (crops.mean(axis=(1, 2)) - (10, 20, 30)) / (1, 2, 4)
    assert embeddings.dtype == np.float16
    np.testing.assert_allclose(embeddings, wanted, rtol=1e-3)


def test_a_square_is_enlarged_as_pillow_does_it_before_the_network_sees_it() -> None:
    crops = random_crops(3, 40)
    wanted = np.stack([np.asarray(Image.fromarray(crop).resize((52, 52), Image.Resampling.BICUBIC)) for crop in crops])
    squares = torch.from_numpy(crops).permute(0, 3, 1, 2)
    seen = enlarged(squares, 52).permute(0, 2, 3, 1).numpy()
    assert seen.dtype == np.float32
    assert np.abs(seen - wanted).max() <= 1
    assert np.abs(seen - wanted).mean() < 0.01
    assert torch.equal(enlarged(squares, 40), squares.float())
    entry = dataclasses.replace(tiny(40), shown_px=52)
    embeddings = Embedder(entry, Means()).embed(crops)
    np.testing.assert_allclose(embeddings, (wanted.mean(axis=(1, 2)) - (10, 20, 30)) / (1, 2, 4), rtol=2e-3)


def test_many_crops_are_taken_in_batches_and_stay_in_order() -> None:
    network, crops = Means(), random_crops(37)
    embedder = Embedder(tiny(), network)
    together = embedder.embed(crops)
    assert network.batches == [8, 8, 8, 8, 5]
    assert np.array_equal(together, np.concatenate([embedder.embed(crop[None]) for crop in crops]))


def test_too_little_memory_halves_the_batch_and_goes_on() -> None:
    network, crops = Means(fits=5), random_crops(18)
    embedder = Embedder(tiny(), network)
    embeddings = embedder.embed(crops)
    assert network.batches == [4, 4, 4, 4, 2]
    assert embedder.batch_size == 4
    assert np.array_equal(embeddings, Embedder(tiny(), Means()).embed(crops))


def test_no_memory_for_even_one_crop_is_told() -> None:
    with pytest.raises(DeviceUnavailable, match="too little memory"):
        Embedder(tiny(), Means(fits=0)).embed(random_crops(2))


def test_the_cpu_leaves_the_other_cores_to_other_threads() -> None:
    class Listening(Means):
        def forward(self, pixels: Tensor) -> Tensor:
            threads.append(torch.get_num_threads())
            return super().forward(pixels)

    threads: list[int] = []
    torch.set_num_threads(4)
    Embedder(tiny(), Listening()).embed(random_crops(3))
    assert threads == [1]


def test_threads_embed_the_same_at_a_time_as_one_after_another() -> None:
    embedder, crops = Embedder(ENTRY, build_network(ENTRY)), drawn_photos()
    alone = embedder.embed(crops)
    with ThreadPoolExecutor(4) as pool:
        for together in pool.map(embedder.embed, [crops] * 8):
            assert np.array_equal(together, alone)


def test_no_crops_give_no_embeddings() -> None:
    assert Embedder(tiny(), Means()).embed(random_crops(0)).shape == (0, 3)


def test_crops_that_may_not_be_written_are_taken() -> None:
    crops = random_crops(2)
    wanted = Embedder(tiny(), Means()).embed(crops)
    crops.flags.writeable = False
    assert np.array_equal(Embedder(tiny(), Means()).embed(crops), wanted)
    assert np.array_equal(Embedder(tiny(), Means()).embed(crops[:, :, ::-1]), wanted)


@pytest.mark.parametrize(
    "crops",
    [random_crops(1, 9), random_crops(1)[0], random_crops(1).astype(np.float32), random_crops(1)[..., :2]],
    ids=["size", "one photo", "type", "channels"],
)
def test_crops_of_the_wrong_kind_are_an_error(crops: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match=r"\(B, 8, 8, 3\) uint8"):
        Embedder(tiny(), Means()).embed(crops)


def test_the_shipped_network_embeds_the_same_twice_and_untouched() -> None:
    network = build_network(ENTRY)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    crops = random_crops(3, 224)
    embedder = Embedder(ENTRY, network)
    embeddings = embedder.embed(crops)
    assert embeddings.shape == (3, embedder.width)
    assert embeddings.min() >= 0  # behind a ReLU
    assert embeddings.max() > 0
    assert np.array_equal(embedder.embed(crops), embeddings)
    maps = embedder.feature_maps(crops[1])
    assert maps.shape == (embedder.width, 7, 7)
    np.testing.assert_allclose(maps.mean(axis=(1, 2)), embeddings[1], rtol=2e-2, atol=2e-2)
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())


def test_only_a_resnet_gives_feature_maps() -> None:
    entry = dataclasses.replace(
        tiny(), title="MobileNet", architecture=TorchvisionArchitecture("mobilenet_v3_small", "")
    )
    with pytest.raises(UserError, match="MobileNet is not one"):
        Embedder(entry, Means()).feature_maps(random_crops(1)[0])


def test_the_fast_way_in_float32_is_the_plain_network() -> None:
    network, crops = build_network(ENTRY), random_crops(2, 224)
    pixels = torch.from_numpy(crops).permute(0, 3, 1, 2).float() - torch.tensor(ENTRY.mean).reshape(1, 3, 1, 1)
    with torch.inference_mode():
        plain = network(pixels).numpy()
    fast = Embedder(ENTRY, network, bfloat16=False).embed(crops)
    np.testing.assert_allclose(fast, plain, rtol=2e-3, atol=2e-3)


def drawn_photos() -> NDArray[np.uint8]:
    """Soft blobs of colour, closer to a photo than noise is."""
    noise = np.random.default_rng(3).integers(0, 256, (4, 14, 14, 3), np.uint8)
    return np.stack([np.asarray(Image.fromarray(photo).resize((224, 224))) for photo in noise])


def test_bfloat16_hardly_differs_from_float32() -> None:
    network = build_network(ENTRY)
    exact, fast = (Embedder(ENTRY, network, bfloat16=bfloat16) for bfloat16 in (False, True))
    assert cosines(exact.embed(drawn_photos()), fast.embed(drawn_photos())).min() >= 0.999


@real_photos
@needs_photos
def test_bfloat16_hardly_differs_from_float32_on_real_photos() -> None:
    network, crops = build_network(ENTRY), daisies(100)[::10]
    exact, fast = (Embedder(ENTRY, network, bfloat16=bfloat16) for bfloat16 in (False, True))
    assert cosines(exact.embed(crops), fast.embed(crops)).min() >= 0.999


@real_photos
@needs_photos
def test_real_daisies_are_daisies() -> None:
    """The proof that the shipped weights are right.

    Measured: 83 % of the 300 daisies in that folder get ImageNet's class 985, and 84 % of these 150.
    """
    layer = imagenet_layer(ENTRY)
    assert layer is not None
    weight, bias = layer
    embeddings = Embedder.open(ENTRY, "cpu").embed(daisies(150)).astype(np.float32)
    classes = (embeddings @ weight.T + bias).argmax(axis=1)
    assert (classes == DAISY).mean() >= 0.80


@pytest.mark.cuda
@needs_cuda
@pytest.mark.parametrize("bfloat16", [False, True])
def test_cuda_computes_what_the_cpu_computes(bfloat16: bool) -> None:
    network = build_network(ENTRY)
    there = Embedder(ENTRY, network, "cuda", bfloat16=bfloat16).embed(drawn_photos())
    here = Embedder(ENTRY, build_network(ENTRY), "cpu", bfloat16=False).embed(drawn_photos())
    assert cosines(there, here).min() >= 0.999


@pytest.mark.cuda
@needs_cuda
def test_cuda_out_of_memory_halves_the_batch() -> None:
    network, crops = Means(fits=10), random_crops(20)
    embeddings = Embedder(tiny(), network, "cuda").embed(crops)
    assert network.batches == [8, 8, 4]
    np.testing.assert_allclose(embeddings, Embedder(tiny(), Means()).embed(crops), rtol=2e-3)
