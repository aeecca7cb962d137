"""Without PyTorch everything works but deep training, CUDA and files in its own format, which say so in a sentence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.drawing import write_classes

#: The program with a stand-in for computers without PyTorch, several commands in one process.
SCRIPT = """
import json, sys
sys.modules["torch"] = sys.modules["torchvision"] = None
from pathlib import Path
from flowersorter.__main__ import main
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.vision.backbone.registry import backbone
from flowersorter.vision.backbone.weights_files import hub_cache
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.explaining.heat_map import HeatMapRequest, heat_map

photos, scratch = map(Path, sys.argv[1:])
photo = str(photos / "red" / "IMG_1.jpg")
collection = ["--collection", str(scratch / "collection")]
codes = {}
def run(name, *words):
    print(f"== {name}", file=sys.stderr, flush=True)
    codes[name] = main([*words, *collection])
run("train", "train", str(photos))
run("predict", "predict", photo)
run("folder", "predict", str(photos))
run("onnx", "export", str(scratch / "model.onnx"))
run("safetensors", "export", str(scratch / "model.safetensors"))
run("import", "import", str(scratch / "model.safetensors"))
run("doctor", "doctor")
with Engine(CollectionStore.open(scratch / "collection")) as engine:
    heat_map(engine, HeatMapRequest(Path(photo)), silent, CancelToken())
run("deep", "train", str(photos), "--deep")
run("cuda", "predict", photo, "--device", "cuda")
run("pth", "export", str(scratch / "model.pth"))
weights = hub_cache() / backbone("resnet18").weights.filename
weights.parent.mkdir(parents=True)
with weights.open("wb") as file:
    file.truncate(backbone("resnet18").weights.size_bytes)
run("weights", "train", str(photos), "--backbone", "resnet18")
run("file", "backbones", "--from", str(weights.rename(scratch / "other.pth")), "--backbone", "resnet18")
run("download", "backbones", "--download", "resnet18")
print(json.dumps(codes))
"""
WORK = ("train", "predict", "folder", "onnx", "safetensors", "import")
NEED_TORCH = {
    "deep": "Deep training is not possible: that needs PyTorch, which is not installed.",
    "cuda": "CUDA is not available: that needs PyTorch, which is not installed.",
    "pth": "The model cannot be saved as model.pth: that needs PyTorch, which is not installed.",
    "weights": "The weights of ResNet-18 cannot be used: that needs PyTorch, which is not installed.",
    "file": "cannot be used: that needs PyTorch, which is not installed.",
    "download": "The weights of ResNet-18 cannot be used: that needs PyTorch, which is not installed.",
}
HINT = "Install it with: pip install torch torchvision"


def test_only_deep_training_cuda_and_pth_need_torch(tmp_path: Path) -> None:
    write_classes(tmp_path / "photos", {"red": 4, "blue": 4}, size=(100, 80))
    environment = {**os.environ, "TORCH_HOME": str(tmp_path / "torch"), "PYTHONWARNINGS": "error"}
    words = [sys.executable, "-c", SCRIPT, str(tmp_path / "photos"), str(tmp_path)]
    done = subprocess.run(words, capture_output=True, encoding="utf-8", env=environment, check=False)
    assert done.returncode == 0, done.stderr
    codes = json.loads(done.stdout.splitlines()[-1])
    said = dict(part.split("\n", 1) for part in done.stderr.split("== ")[1:])
    assert {name: codes[name] for name in WORK} == dict.fromkeys(WORK, 0), done.stderr
    for name, sentence in NEED_TORCH.items():
        assert codes[name] == 1, said[name]
        assert sentence in said[name]
        assert HINT in said[name]
        assert len(said[name].splitlines()) == 1, said[name]
