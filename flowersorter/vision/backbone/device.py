"""Choose the device the network runs on, and its precision there."""

from __future__ import annotations

import ctypes
import platform
import sys
from contextlib import suppress
from pathlib import Path

from flowersorter.errors import DeviceUnavailable
from flowersorter.messages import text
from flowersorter.vision.backbone.packages import has_torch

#: Libraries of NVIDIA's driver, and the device of AMD's, which torch calls CUDA too.
_NVIDIA_DRIVER = {"win32": "nvcuda.dll"}.get(sys.platform, "libcuda.so.1")
_AMD_DEVICE = Path("/dev/kfd")

AUTO, CPU, CUDA = "auto", "cpu", "cuda"


def choose_device(wanted: str) -> str:
    """Resolve a requested device to an available one.

    Args:
        wanted: "auto" (CUDA where there is one), "cpu" or "cuda".

    Returns:
        "cpu" or "cuda".

    Raises:
        DeviceUnavailable: CUDA is requested but not available, or the device is unknown.
    """
    if wanted == CPU:
        return CPU  # without loading torch
    if wanted not in (AUTO, CUDA):
        raise DeviceUnavailable(text("Unknown device {wanted!r}", wanted=wanted), "", text("Use auto, cpu or cuda"))
    if wanted == AUTO and not has_gpu_driver():
        return CPU  # without loading torch
    if not has_torch():
        if wanted == AUTO:
            return CPU
        raise DeviceUnavailable(
            text("CUDA is not available"),
            text("that needs PyTorch, which is not installed"),
            text("Install it with: pip install torch torchvision"),
        )
    import torch  # here, because it takes seconds to load

    if torch.cuda.is_available():
        return CUDA
    if wanted == CUDA:
        raise DeviceUnavailable(
            text("CUDA is not available"), text("PyTorch sees no NVIDIA GPU on this computer"), text("Use auto or cpu")
        )
    return CPU


def has_gpu_driver() -> bool:
    """Whether this computer has the driver of a GPU that torch may be able to use."""
    with suppress(OSError):
        ctypes.CDLL(_NVIDIA_DRIVER)
        return True
    return _AMD_DEVICE.exists()


def require_device(wanted: str) -> None:
    """Make sure that a device asked for by name is available; loads torch for "cuda" only.

    Without this check a missing device goes unnoticed as long as every embedding comes from the cache.

    Raises:
        DeviceUnavailable: CUDA is requested but not available, or the device is unknown.
    """
    if wanted != AUTO:
        choose_device(wanted)


def computes_bfloat16(device: str) -> bool:
    """Whether bfloat16 is faster than float32 on a device, not merely supported.

    A CPU without its own bfloat16 instructions emulates them and gets slower; so do GPUs older than Ampere.

    Args:
        device: "cpu" or "cuda".
    """
    import torch  # here, because it takes seconds to load

    if device == CUDA:
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return False
    abilities = torch.cpu.get_capabilities()
    return bool(abilities.get("avx512_bf16") or abilities.get("amx_bf16"))
