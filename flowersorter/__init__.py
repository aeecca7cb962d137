"""FlowerSorter: labels photos with a frozen ResNet, learns from corrections, files them into class folders."""

__version__ = "0.1.0"
