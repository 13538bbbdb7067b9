"""Pulumi's journal of a run: read, replayed on the state it began with, and what was cut off adopted."""
