"""Measurements side by side: what we take beside what a reference takes on the same machine at the same time."""
