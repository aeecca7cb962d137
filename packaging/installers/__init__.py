"""The parts of `packaging/build.py`: each makes one piece of the packages."""

import sys
from importlib.util import find_spec
from pathlib import Path

if find_spec("flowersorter") is None:  # the program's own names and lists are needed also where it is not installed
    sys.path.append(str(Path(__file__).resolve().parents[2]))
