"""Which of the packages that compute a network are installed, and the refusal where PyTorch is missing."""

from __future__ import annotations

from importlib.util import find_spec

from flowersorter.errors import UserError
from flowersorter.messages import text


def has_torch() -> bool:
    """Whether PyTorch is installed; does not load it."""
    return find_spec("torch") is not None and find_spec("torchvision") is not None


def has_openvino() -> bool:
    """Whether OpenVINO is installed: not every system has a build of it. Torch takes its place there."""
    return find_spec("openvino") is not None


def require_torch(refusal: str) -> None:
    """Refuse what only PyTorch can do, before anything heavy is loaded.

    Args:
        refusal: The sentence that names what cannot be done, without its full stop.

    Raises:
        UserError: PyTorch is not installed.
    """
    if not has_torch():
        raise UserError(
            refusal,
            text("that needs PyTorch, which is not installed"),
            text("Install it with: pip install torch torchvision"),
        )
