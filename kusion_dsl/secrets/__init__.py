"""What we must not remember: secret stores, resolved while applying."""
