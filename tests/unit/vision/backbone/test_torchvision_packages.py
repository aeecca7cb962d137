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


def test_torchvision_is_loaded_when_more_of_it_is_used() -> None:
    done = subprocess.run([sys.executable, "-W", "error", "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
