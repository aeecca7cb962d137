"""The verb doctor: check the installation and the collection."""

from __future__ import annotations

from dataclasses import asdict

from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.output import counted, shown
from flowersorter.workflows.maintenance.doctor import doctor


def run(call: Call) -> int:
    """Check the installation and the collection; exit 1 if something is wrong."""
    checks = doctor(call.collection_folder)
    for check in checks:
        call.terminal.record(asdict(check))
    table = [["ok" if check.ok else "PROBLEM", check.name, shown(check.detail)] for check in checks]
    call.terminal.say_table(table)
    wrong = [check for check in checks if not check.ok]
    call.terminal.record({"summary": {"checks": len(checks), "wrong": [check.name for check in wrong]}})
    if wrong:
        call.terminal.note(f"{counted(len(wrong), 'problem')}: {', '.join(check.name for check in wrong)}.")
        return 1
    return 0
