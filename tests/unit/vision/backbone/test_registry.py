from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from torchvision.models import ResNet18_Weights, ResNet34_Weights, ResNet50_Weights, WeightsEnum

from flowersorter.errors import UserError
from flowersorter.vision.backbone.registry import DEFAULT, backbone, backbones, register
from flowersorter.vision.backbone.weights_files import imagenet_classes, shipped_folder

ROOT = Path(__file__).parents[4]

TORCHVISION = [
    ("resnet18", ResNet18_Weights.IMAGENET1K_V1),
    ("resnet34", ResNet34_Weights.IMAGENET1K_V1),
    ("resnet50-v2", ResNet50_Weights.IMAGENET1K_V2),
]


@pytest.mark.parametrize(("name", "published"), TORCHVISION)
def test_an_entry_says_what_torchvision_says(name: str, published: WeightsEnum) -> None:
    entry, transforms = backbone(name), published.transforms()
    assert entry.weights.url == published.url
    assert entry.weights.filename == published.url.rpartition("/")[2]
    assert [entry.short_side_px] == transforms.resize_size
    assert [entry.crop_px] == transforms.crop_size
    assert [mean / 255 for mean in entry.mean] == pytest.approx(transforms.mean)
    assert [std / 255 for std in entry.std] == pytest.approx(transforms.std)
    # torchvision rounds to a thousandth of a MiB.
    assert entry.weights.size_bytes == pytest.approx(published.meta["_file_size"] * 2**20, abs=600)


@pytest.mark.parametrize("name", [name for name, _ in TORCHVISION])
def test_a_checksum_begins_as_its_published_file_name_ends(name: str) -> None:
    weights = backbone(name).weights
    assert weights.sha256[:8] == weights.filename.removesuffix(".pth").rpartition("-")[2]
    assert len(weights.sha256) == 64


def test_the_shipped_file_is_the_registered_one() -> None:
    weights = backbone(DEFAULT).weights
    path = shipped_folder() / weights.filename
    assert weights.shipped
    assert path.stat().st_size == weights.size_bytes
    assert hashlib.sha256(path.read_bytes()).hexdigest() == weights.sha256


def test_class_985_is_daisy() -> None:
    names = imagenet_classes()
    assert len(names) == 1000
    assert (names[0], names[985], names[999]) == ("tench", "daisy", "toilet tissue")


def test_the_default_comes_first() -> None:
    assert [entry.name for entry in backbones()] == ["resnet50", "resnet18", "resnet34", "resnet50-v2"]


def test_a_name_registered_twice_is_an_error() -> None:
    with pytest.raises(ValueError, match="resnet18"):
        register(backbone("resnet18"))


def test_an_unknown_name_is_told_with_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"no 'resnet9000'\. .* resnet18, resnet34, resnet50, resnet50-v2"):
        backbone("resnet9000")


def test_torch_stays_unloaded_until_a_network_is_needed() -> None:
    code = (
        "import sys\n"
        "from flowersorter.vision.backbone import device, download, load_weights, registry, weights_files\n"
        "from flowersorter.vision.features import views\n"
        "entry = registry.backbone(registry.DEFAULT)\n"
        "assert weights_files.find_weights(entry) is not None\n"
        "assert load_weights.imagenet_layer(entry)[0].shape == (1000, 2048)\n"
        "assert device.choose_device('cpu') == 'cpu'\n"
        "assert 'torch' not in sys.modules and 'PySide6' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
