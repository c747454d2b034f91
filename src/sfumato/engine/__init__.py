"""Engines run networks: named arrays in, named arrays out, and nothing else crosses."""
