"""The verb backbones: the image networks, and getting another one."""

from __future__ import annotations

from dataclasses import asdict

from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.output import Terminal, shown, size
from flowersorter.errors import UserError
from flowersorter.messages import text
from flowersorter.vision.backbone.install_weights import recognise_weights
from flowersorter.vision.backbone.registry import backbones
from flowersorter.workflows.models.backbones import download_backbone, install_backbone, list_backbones


def run(call: Call) -> int:
    """Get weights if asked to, then list the backbones.

    Raises:
        UserError: there is no such backbone or file, or its weights could not be downloaded.
    """
    options = call.options
    if options.download:
        with call.terminal.progress(in_bytes=True) as report:
            path = download_backbone(options.download, report, call.cancel)
        call.terminal.say(text("{name} is on this computer: {file}", name=options.download, file=shown(path)))
    elif options.file:
        if not options.file.is_file():
            raise UserError(text("There is no file {file}", file=shown(options.file)))
        name = options.backbone or recognise_weights(options.file, backbones()).name
        path = install_backbone(name, options.file)
        call.terminal.say(text("{name} is on this computer: {file}", name=name, file=shown(path)))
    else:
        _say_backbones(call.terminal)
    found = list_backbones()
    for info in found:
        call.terminal.record(asdict(info))
    summary = {"backbones": len(found), "installed": sum(info.installed for info in found)}
    call.terminal.record({"summary": summary})
    return 0


def _say_backbones(terminal: Terminal) -> None:
    table: list[list[str]] = [[text("name"), "", text("size"), text("on this computer"), text("licence")]]
    table += [
        [info.name, info.title, size(info.size_bytes), text("yes") if info.installed else text("no"), info.licence]
        for info in list_backbones()
    ]
    terminal.say_table(table, right=(2,))
    terminal.say(text("To get one: flowersorter backbones --download NAME"))
