"""Suffixes of the files a model can be exported as."""

from __future__ import annotations

#: Plain torchvision; ONNX, from a photo to probabilities; a bundle to share, without the network.
PTH, ONNX, SAFETENSORS = ".pth", ".onnx", ".safetensors"
