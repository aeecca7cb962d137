"""The network's layers are loaded without the rest of torchvision, which is there as soon as it is used."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys
from concurrent.futures import ThreadPoolExecutor
import torch
import flowersorter.vision.backbone.embedder
from flowersorter.vision.backbone.architecture import TorchvisionArchitecture, empty_network
from flowersorter.vision.backbone.registry import backbone
from flowersorter.vision.backbone.resnet import ResNet
empty_network(backbone("resnet50"))
assert not {"torch._dynamo", "torchvision.ops", "torchvision.datasets", "torchvision.io"} & set(sys.modules)

import torchvision
assert torchvision.models.resnet.ResNet is ResNet
assert "torchvision.ops" not in sys.modules
sys.setswitchinterval(1e-6)
with ThreadPoolExecutor(4) as pool:  # none of them sees a package whose code is still running
    assert all(pool.map(lambda name: hasattr(torchvision, name), ("utils", "ops", "datasets", "set_image_backend")))
sys.setswitchinterval(0.005)
assert not hasattr(torchvision, "nothing")
assert torchvision.__version__
torchvision.ops.nms(torch.zeros(1, 4), torch.zeros(1), 0.5)
assert torchvision.models.resnet18 is torchvision.models.resnet.resnet18
assert type(torchvision.models.get_model("resnet18", weights=None)) is ResNet
TorchvisionArchitecture("mobilenet_v3_small", "classifier.3").build()
"""

STAR = """
import torch
import flowersorter.vision.backbone.resnet
import torchvision
from torchvision.models import *
assert resnet18 is torchvision.models.resnet18
assert "get_model" in dir(torchvision.models) and "ops" in dir(torchvision)
"""
API = """
import argparse, gettext, sys
import flowersorter.api
for name in flowersorter.__all__:
    getattr(flowersorter, name)
assert "torchvision" not in sys.modules
assert argparse._ is gettext.gettext
assert argparse.ngettext is gettext.ngettext

import torchvision
assert "torchvision.ops" in sys.modules
before = vars(torchvision).copy()
import flowersorter.vision.backbone.resnet
assert vars(torchvision) == before
"""


def run(script: str) -> None:
    done = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_script_gets_all_of_torchvision_whichever_way_it_asks() -> None:
    run(STAR)


def test_the_python_interface_leaves_torchvision_and_argparse_as_they_are() -> None:
    run(API)


def test_torchvision_is_loaded_when_more_of_it_is_used() -> None:
    run(SCRIPT)
