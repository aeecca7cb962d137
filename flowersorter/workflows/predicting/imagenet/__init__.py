"""The ImageNet classes that photos resemble."""
