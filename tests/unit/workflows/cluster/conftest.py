"""Workers need an optional package."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

needs_distributed = pytest.mark.skipif(
    find_spec("distributed") is None or find_spec("cryptography") is None,
    reason="Dask distributed is not installed: pip install -e '.[cluster]'",
)
