"""The parts of the one facade, `sfumato.api.Sfumato`, that are apart because they are many."""
