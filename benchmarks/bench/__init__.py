"""Measuring how long drawing takes, and what it costs; `benchmarks/draw.py` is the program."""
