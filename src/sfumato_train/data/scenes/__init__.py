"""Training pictures made of catalogue art: augmentation, backgrounds, and scenes of several objects."""
