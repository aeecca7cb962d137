"""The program among others: a second start, notifications, the log and diagnostics."""
