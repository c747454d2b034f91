"""Torch modules of every stage, used by training and by the torch engine and by nothing else."""
