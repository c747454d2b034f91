"""A model on disk: its manifest, and its files, checked before use."""
