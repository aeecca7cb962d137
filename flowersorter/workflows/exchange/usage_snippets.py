"""Writes the few lines of Python that use an exported model without this program."""

from __future__ import annotations

from pathlib import Path

#: The first five lines load the network, the rest names a photo. Only torch, torchvision and Pillow are needed.
_TORCHVISION = """\
import torch, torchvision
saved = torch.load({file}, weights_only=True)
net = torchvision.models.get_model(saved["architecture"], num_classes=len(saved["class_names"])).eval()
for layer in net.layer2, net.layer3, net.layer4: layer[0].conv1.stride, layer[0].conv2.stride = saved["strides"]
net.load_state_dict(saved["state_dict"])

from PIL import Image, ImageOps
from torchvision.transforms import functional as F
photo = ImageOps.exif_transpose(Image.open({photo})).convert("RGB")
square = F.center_crop(F.resize(photo, saved["resize"], F.InterpolationMode.BICUBIC), saved["crop"])
shares = net(F.normalize(F.to_tensor(square), saved["mean"], saved["std"])[None]).softmax(1)[0].tolist()
print(max(zip(shares, saved["class_names"])))
"""

#: Only onnxruntime, numpy and Pillow are needed.
_ONNX = """\
import json, numpy, onnxruntime
from PIL import Image, ImageOps
session = onnxruntime.InferenceSession({file})
photo = numpy.asarray(ImageOps.exif_transpose(Image.open({photo})).convert("RGB"))
shares = session.run(None, {{"photo": photo}})[0].tolist()
print(max(zip(shares, json.loads(session.get_modelmeta().custom_metadata_map["class_names"]))))
"""

_SCRIPTS = {".pth": _TORCHVISION, ".onnx": _ONNX}


def script_for(path: Path, photo: Path = Path("photo.jpg")) -> str:
    """Return Python that loads an exported model and names the class of a photo; "" for a file only this program reads.

    Args:
        path: The exported file.
        photo: The photo to classify.
    """
    return _SCRIPTS.get(path.suffix.lower(), "").format(file=_literal(path), photo=_literal(photo))


def _literal(path: Path) -> str:
    """Return a path as a Python literal, in double quotes where that needs no escapes."""
    text = str(path)
    plain = text.isprintable() and not {'"', "\\"} & set(text)
    return f'"{text}"' if plain else repr(text)
