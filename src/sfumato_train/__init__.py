"""Sfumato trainer: data, stages, export and evaluation. Never imported by `sfumato`."""
