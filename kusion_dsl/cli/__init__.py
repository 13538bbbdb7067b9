"""How people ask: one command per file; only render prints."""
