"""Run by the bundle before the program: other programs that it starts find their own libraries, not the bundle's.

PyInstaller's first process puts the bundle's folder there; this process has read it already.
"""

import os

for _name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):
    _before = os.environ.pop(f"{_name}_ORIG", None)
    if _before is not None:
        os.environ[_name] = _before
    else:
        os.environ.pop(_name, None)
