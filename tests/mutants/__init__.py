"""Mistakes that somebody could make one day, and the tests that would tell."""
