"""Pictures as arrays and as files; no models."""
