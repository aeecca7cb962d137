"""Measurements that back the figures in README: `python -m tests.bench` lists them."""
