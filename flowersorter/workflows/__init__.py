"""The verbs: each a function (engine, request, report, cancel) -> result."""
