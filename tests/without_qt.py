"""`python -m tests.without_qt [options of pytest]`: runs the unit tests as if Qt were not installed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
QT = ("PySide6", "shiboken6")


def run(arguments: Sequence[str]) -> int:
    """Run pytest behind packages of Qt's names that refuse to be imported, and without its plugin for Qt.

    The programs that tests start find Qt as absent as the tests do.

    Returns:
        Its exit code.
    """
    with TemporaryDirectory() as folder:
        for name in QT:
            (Path(folder) / name).mkdir()
            (Path(folder) / name / "__init__.py").write_text(f"raise ImportError('{name} is hidden')\n")
        path = os.pathsep.join(filter(None, [folder, os.environ.get("PYTHONPATH", "")]))
        command = [sys.executable, "-m", "pytest", "-p", "no:pytest-qt", *arguments]
        return subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": path}, check=False).returncode


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:] or ["tests/unit"]))
