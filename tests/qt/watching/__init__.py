"""Tests of `flowersorter.ui.watching`."""
