"""What every test may rely on."""

from __future__ import annotations

import signal

# A test run that a script started in the background inherits a Ctrl+C that is ignored, and so would every program
# that the tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
