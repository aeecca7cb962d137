"""What is promised of filing, measured: `python -m tests.bench safety`."""
