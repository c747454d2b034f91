"""The mathematics of diffusion on numpy arrays and torch tensors alike; no text, weights or pictures."""
