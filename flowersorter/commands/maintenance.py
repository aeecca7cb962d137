"""The verbs backbones and doctor: the networks on this computer, and whether all is well."""

from __future__ import annotations

from dataclasses import asdict

from flowersorter.commands.context import Call
from flowersorter.commands.output import Terminal, counted, shown, size
from flowersorter.errors import UserError
from flowersorter.vision.backbone.registry import backbones
from flowersorter.vision.backbone.weights import recognise_weights
from flowersorter.workflows.maintenance.doctor import doctor
from flowersorter.workflows.models.backbones import download_backbone, install_backbone, list_backbones


def run_backbones(call: Call) -> int:
    """Get weights if asked to, else list the backbones.

    Raises:
        UserError: there is no such backbone or file, or the weights could not be had.
    """
    options = call.options
    if options.download:
        with call.terminal.progress(in_bytes=True) as report:
            path = download_backbone(options.download, report, call.cancel)
        call.terminal.say(f"{options.download} is on this computer: {shown(path)}")
    elif options.file:
        if not options.file.is_file():
            raise UserError(f"There is no file {shown(options.file)}")
        name = options.backbone or recognise_weights(options.file, backbones()).name
        path = install_backbone(name, options.file)
        call.terminal.say(f"{name} is on this computer: {shown(path)}")
    else:
        _say_backbones(call.terminal)
    for info in list_backbones():
        call.terminal.record(asdict(info))
    return 0


def _say_backbones(terminal: Terminal) -> None:
    table = [["name", "", "size", "on this computer", "licence"]]
    table += [
        [info.name, info.title, size(info.size_bytes), "yes" if info.installed else "no", info.licence]
        for info in list_backbones()
    ]
    terminal.say_table(table, right=(2,))
    terminal.say("Get one with: flowersorter backbones --download NAME")


def run_doctor(call: Call) -> int:
    """Check the installation and the collection; exit 1 if something is wrong."""
    checks = doctor(call.collection_folder)
    for check in checks:
        call.terminal.record(asdict(check))
    table = [["ok" if check.ok else "WRONG", check.name, shown(check.detail)] for check in checks]
    call.terminal.say_table(table)
    wrong = [check for check in checks if not check.ok]
    if wrong:
        call.terminal.note(f"{counted(len(wrong), 'thing')} wrong: {', '.join(check.name for check in wrong)}.")
        return 1
    return 0
