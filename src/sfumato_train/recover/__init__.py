"""Weights brought back from the graphs of a bundle."""
