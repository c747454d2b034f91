"""Prompts: what may be asked, and how it becomes tokens."""
