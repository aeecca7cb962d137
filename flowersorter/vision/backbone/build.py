"""Build a backbone's frozen network with its weights, and a faster copy of it for inference."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from flowersorter.vision.backbone.architecture import empty_network
from flowersorter.vision.backbone.load_weights import load_state
from flowersorter.vision.backbone.resnet import FrozenResNet, is_residual_block

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torchvision.models.resnet import ResNet

    from flowersorter.vision.backbone.registry import Backbone


def assemble(entry: Backbone, state: Mapping[str, Tensor], *, classifier: bool) -> nn.Module:
    """Put weights into a backbone's layers, switch to eval mode and freeze it.

    Args:
        entry: The backbone.
        state: Every tensor by torchvision's name; floating ones become float32.
        classifier: Keep the 1000-class layer; without it an identity takes its place and the output is (B, D).
    """
    network = empty_network(entry)
    wanted = dict(state)
    if not classifier:
        final_layer = entry.architecture.final_layer
        network.set_submodule(final_layer, nn.Identity())
        wanted = {name: tensor for name, tensor in state.items() if not name.startswith(f"{final_layer}.")}
    as_float = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in wanted.items()}
    network.load_state_dict(as_float, strict=True, assign=True)
    network.requires_grad_(False)
    network.eval()
    return network


def build_network(entry: Backbone, device: str = "cpu") -> nn.Module:
    """Build the frozen backbone up to its features: (B, 3, S, S) normalised pixels -> (B, D), float32.

    Raises:
        WeightsMissing: the weights are not on this computer.
        ModelFileBad: the weights file is damaged or of another network.
    """
    return assemble(entry, load_state(entry), classifier=False).to(device)


def build_resnet(entry: Backbone) -> FrozenResNet:
    """As `build_network`, on the CPU and with the layers of a ResNet.

    Raises:
        UserError: the backbone is not a ResNet.
        WeightsMissing: the weights are not on this computer.
        ModelFileBad: the weights file is damaged or of another network.
    """
    entry.resnet(f"{entry.title} cannot be taken apart into stages")
    network = assemble(entry, load_state(entry), classifier=False)
    assert isinstance(network, FrozenResNet)
    return network


def enlarged(squares: Tensor, side: int) -> Tensor:
    """Upscale (B, 3, S, S) uint8 to (B, 3, side, side) float32 of whole numbers, by Pillow's bicubic filter."""
    if squares.shape[-1] == side:
        return squares.float()
    if squares.device.type == "cpu":
        return functional.interpolate(squares, side, mode="bicubic", antialias=True).float()
    # CUDA has no such filter for bytes.
    return functional.interpolate(squares.float(), side, mode="bicubic", antialias=True).round_().clamp_(0, 255)


class Float32Pool(nn.Module):
    """Global average pooling that accumulates in float32, also after layers of lower precision."""

    def forward(self, maps: Tensor) -> Tensor:
        """(B, D, h, w) of any floating type -> (B, D, 1, 1) float32."""
        return maps.float().mean(dim=(2, 3), keepdim=True)


def for_inference(network: nn.Module, dtype: torch.dtype) -> nn.Module:
    """Copy a ResNet so that it computes the same features faster.

    Batch norms are folded into the convolutions; those are laid out channels-last and stored as `dtype`.

    Args:
        network: A ResNet in eval mode; left unchanged.
        dtype: Precision of the convolutions. The pooled features are float32 in any case.
    """
    fast = copy.deepcopy(network)
    _fold(fast)
    fast.avgpool = Float32Pool()
    return fast.to(dtype).to(memory_format=torch.channels_last).requires_grad_(False)


def _fold(network: ResNet) -> None:
    """Fold each batch norm of a ResNet into the convolution before it, in place."""
    network.conv1, network.bn1 = fuse_conv_bn_eval(network.conv1, network.bn1), nn.Identity()
    for block in network.modules():
        if not is_residual_block(block):
            continue
        for place in ("1", "2", "3"):
            if hasattr(block, f"conv{place}"):
                convolution, norm = getattr(block, f"conv{place}"), getattr(block, f"bn{place}")
                setattr(block, f"conv{place}", fuse_conv_bn_eval(convolution, norm))
                setattr(block, f"bn{place}", nn.Identity())
        if block.downsample is not None:
            block.downsample = nn.Sequential(fuse_conv_bn_eval(*block.downsample))
