"""What frozen networks say of the samples of a run, computed once and kept: written by `sfumato-train precompute`."""
