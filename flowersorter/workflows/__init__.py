"""The verbs: each a function (request, report, cancel) -> result."""
