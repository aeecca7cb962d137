from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor, nn
from torchvision import models

from flowersorter.vision.backbone.architecture import ResNetArchitecture, empty_network
from flowersorter.vision.backbone.build import assemble, build_network, for_inference
from flowersorter.vision.backbone.load_weights import load_state
from flowersorter.vision.backbone.registry import Backbone, backbone, backbones
from flowersorter.vision.backbone.resnet import FrozenResNet


def shallow(name: str) -> Backbone:
    """A ResNet with one block a stage."""
    entry = backbone(name)
    assert isinstance(entry.architecture, ResNetArchitecture)
    return dataclasses.replace(entry, architecture=dataclasses.replace(entry.architecture, depths=(1, 1, 1, 1)))


SMALL = shallow("resnet50")


def random_state(entry: Backbone, seed: int = 0) -> dict[str, Tensor]:
    """Weights of the right names and shapes that neither explode nor fade."""
    generator = torch.Generator().manual_seed(seed)
    state: dict[str, Tensor] = {}
    for name, tensor in empty_network(entry).state_dict().items():
        if tensor.ndim > 1:
            fan_in = tensor[0].numel()
            state[name] = torch.randn(tensor.shape, generator=generator) * (2 / fan_in) ** 0.5
        elif name.endswith("num_batches_tracked"):
            state[name] = torch.tensor(0)
        else:
            state[name] = torch.rand(tensor.shape, generator=generator) + 0.5
    return state


@pytest.mark.parametrize("entry", backbones(), ids=lambda entry: entry.name)
def test_the_layers_are_torchvisions(entry: Backbone) -> None:
    with torch.device("meta"):
        theirs = models.get_model(entry.name.partition("-")[0])
    ours = empty_network(entry)
    shapes = {name: tensor.shape for name, tensor in theirs.state_dict().items()}
    assert {name: tensor.shape for name, tensor in ours.state_dict().items()} == shapes


def test_the_same_weights_give_torchvisions_output() -> None:
    entry = backbone("resnet18")
    state = random_state(entry)
    theirs = models.resnet18().eval()
    theirs.load_state_dict(state)
    pixels = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        assert torch.equal(assemble(entry, state, classifier=True)(pixels), theirs(pixels))
        theirs.fc = nn.Identity()
        assert torch.equal(assemble(entry, state, classifier=False)(pixels), theirs(pixels))


def test_the_stride_is_where_the_entry_says() -> None:
    first, newer = (empty_network(backbone(name)) for name in ("resnet50", "resnet50-v2"))
    assert isinstance(first, FrozenResNet)
    assert isinstance(newer, FrozenResNet)
    assert [stage[0].conv1.stride for stage in (first.layer1, first.layer2, first.layer4)] == [(1, 1), (2, 2), (2, 2)]
    assert [stage[0].conv2.stride for stage in (first.layer2, first.layer3, first.layer4)] == [(1, 1)] * 3
    assert [stage[0].conv2.stride for stage in (newer.layer2, newer.layer3, newer.layer4)] == [(2, 2)] * 3
    assert first.bn1.eps == first.layer4[2].bn3.eps == 1.001e-5


def test_training_on_top_changes_nothing_below() -> None:
    network = assemble(SMALL, random_state(SMALL), classifier=False)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    model = nn.Sequential(network, nn.Linear(2048, 3))
    model.train()
    network.train(True)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=0.1, nesterov=True)
    head_before = model[1].weight.clone()  # type: ignore[operator]
    for step in range(3):
        pixels = torch.randn(4, 3, 64, 64, generator=torch.Generator().manual_seed(step))
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(model(pixels), torch.tensor([0, 1, 2, 0]))
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own lacks types
        optimiser.step()
    assert not torch.equal(head_before, model[1].weight)  # type: ignore[arg-type]
    after = network.state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_nothing_can_switch_it_to_training() -> None:
    network = assemble(SMALL, random_state(SMALL), classifier=False)
    parent = nn.ModuleDict({"backbone": network, "dropout": nn.Dropout()})
    parent.train()
    network.train()
    assert parent["dropout"].training
    assert not any(module.training for module in network.modules())
    assert not any(parameter.requires_grad for parameter in network.parameters())


@pytest.mark.parametrize("name", ["resnet50", "resnet18"])
def test_the_copy_for_inference_computes_the_same(name: str) -> None:
    entry = shallow(name)
    network = assemble(entry, random_state(entry), classifier=False)
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    fast = for_inference(network, torch.float32)
    pixels = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        torch.testing.assert_close(fast(pixels), network(pixels), rtol=1e-4, atol=1e-4)
        assert for_inference(network, torch.bfloat16)(pixels.bfloat16()).dtype == torch.float32
    assert not any(isinstance(module, nn.BatchNorm2d) for module in fast.modules())
    assert all(torch.equal(before[key], tensor) for key, tensor in network.state_dict().items())


def test_the_shipped_network_and_its_classifier_agree() -> None:
    entry = backbone("resnet50")
    network, classifier = build_network(entry), assemble(entry, load_state(entry), classifier=True)
    pixels = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(1)) * 50
    with torch.inference_mode():
        features, logits = network(pixels), classifier(pixels)
        assert features.shape == (1, 2048)
        torch.testing.assert_close(classifier.fc(features), logits)  # type: ignore[operator]
    assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}
