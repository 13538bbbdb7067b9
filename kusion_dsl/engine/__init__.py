"""How it happens: the only importer of pulumi."""
