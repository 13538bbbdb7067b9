"""Pulumi's service on loopback, for one stack and one run: the CLI journals to us instead of rewriting its state."""
