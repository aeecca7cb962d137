"""Accuracy, confusion matrix, reports."""
