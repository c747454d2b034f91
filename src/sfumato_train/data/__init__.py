"""The pictures and words to learn from: fetched, rendered, described, split, stored."""
