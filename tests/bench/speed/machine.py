"""Names the machine, without a name that is its own, and measures how fast its memory is."""

from __future__ import annotations

import os
import platform
import time
from importlib import metadata
from pathlib import Path

import numpy as np

from tests.bench.speed.process import Figures, answer

_COPIED_MB = 512
_PACKAGES = ("openvino", "torch", "torchvision", "numpy", "pillow", "pyside6-essentials")


def machine() -> dict[str, str]:
    """What the figures depend on: processor, memory, system, versions. Imports no torch."""
    return {
        "CPU": f"{_processor()}, {os.cpu_count()} cores",
        "memory": _memory(),
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        **{package: _version(package) for package in _PACKAGES},
    }


def load() -> float | None:
    """How many threads of others have wanted to run on average in the last minute, where the system tells."""
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):
        return None


def bandwidth(copies: int = 5) -> Figures:
    """Copy a large array; "gb_s" counts what is read and what is written."""
    source = np.ones(_COPIED_MB << 20, np.uint8)
    target = np.zeros_like(source)  # written once, so that the system has given all its pages
    seconds = []
    for _ in range(copies):
        started = time.perf_counter()
        np.copyto(target, source)
        seconds.append(time.perf_counter() - started)
    return {"gb_s": 2 * len(source) / min(seconds) / 1e9}


def device() -> Figures:
    """What the network runs on."""
    from flowersorter.vision.backbone.cpu.network import cpu_precision
    from flowersorter.vision.backbone.device import AUTO, CPU, choose_device, computes_bfloat16
    from flowersorter.vision.backbone.registry import DEFAULT, backbone

    name = choose_device(AUTO)
    if name == CPU:
        return {"device": f"{name}, {cpu_precision(backbone(DEFAULT))}"}
    import torch

    precision = "bfloat16" if computes_bfloat16(name) else "float32"
    return {"device": f"{torch.cuda.get_device_name()}, {precision}"}


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _memory() -> str:
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return "unknown"
    return f"{total / 2**30:.0f} GiB"


if __name__ == "__main__":
    answer(lambda: {**bandwidth(), **device()})
