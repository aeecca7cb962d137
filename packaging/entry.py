"""The first module of the bundle: the same as ``flowersorter`` in a terminal."""

from multiprocessing import freeze_support

from flowersorter.__main__ import run

if __name__ == "__main__":
    freeze_support()
    run()
