"""Builds networks without weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode


@contextmanager
def on_meta_device() -> Iterator[None]:
    """Build layers on the meta device, which has shapes and no numbers, and draw no initial weights for them.

    Drawing them there has no effect, but makes torch import its compiler: 1,000 modules and 2 s of CPU.
    """
    with torch.device("meta"), _NothingDrawn():
        yield


class _NothingDrawn(TorchFunctionMode):
    """Leaves out the calls that fill a tensor with random numbers."""

    _DRAWING = frozenset({Tensor.normal_, Tensor.uniform_})

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the tensor as it is in place of drawing; call anything else."""
        return args[0] if func in self._DRAWING else func(*args, **(kwargs or {}))
