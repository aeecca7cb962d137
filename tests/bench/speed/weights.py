"""Gives the program and the walkthrough the same weights of a backbone, each in its own way.

Where the program has none, random ones are made, which take as long to compute with, and given to it as a person would
do it (`flowersorter backbones --from FILE`), in a torch hub folder of the measurement's own.
"""

from __future__ import annotations

from pathlib import Path

from tests.bench.speed.process import Figures, answer


def export(backbone: str, file: str) -> Figures:
    """Write a backbone's weights as a state dict with torchvision's names.

    Args:
        backbone: The name the program knows.
        file: A .safetensors to write.
    """
    import torch
    from safetensors.torch import save_file
    from torchvision import models

    from flowersorter.vision.backbone.load_weights import load_state
    from flowersorter.vision.backbone.registry import backbone as backbone_named
    from flowersorter.vision.backbone.weights_files import find_weights
    from flowersorter.workflows.models.backbones import install_backbone

    entry = backbone_named(backbone)
    random = find_weights(entry) is None
    if random:
        torch.manual_seed(0)
        made = Path(file).with_name(f"random-{backbone}.pth")
        torch.save(getattr(models, backbone)().state_dict(), made)
        install_backbone(backbone, made)
    state = {name: each.float() if each.is_floating_point() else each for name, each in load_state(entry).items()}
    # The program does without this count, which torch's own loader asks for.
    norms = [name.removesuffix("running_mean") for name in state if name.endswith("running_mean")]
    state |= {f"{name}num_batches_tracked": torch.tensor(0) for name in norms}
    save_file({name: each.contiguous() for name, each in state.items()}, file)
    return {"random": random, "stride_in_first_conv": getattr(entry.architecture, "stride_in_first_conv", False)}


if __name__ == "__main__":
    answer(export)
