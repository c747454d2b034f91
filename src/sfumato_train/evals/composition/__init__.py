"""Composition in the form of GenEval (Ghosh et al. 2023): prompts with known objects, counts, colours and places,
and rules that say from what a detector finds whether a picture obeys them.
"""
