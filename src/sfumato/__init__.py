"""Sfumato: an open, complete DALL·E 2."""

__version__ = "0.1.0"
