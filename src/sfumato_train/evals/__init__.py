"""Measures a model through the runtime that its users have: what it understands, draws and remembers."""
