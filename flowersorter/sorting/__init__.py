"""Moving files safely: plan, journal, execute, recover, undo. The only code that touches the photos."""
