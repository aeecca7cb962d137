"""The parts of `packaging/build.py`: each makes one piece of the packages."""
