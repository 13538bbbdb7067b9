"""Runs that die: at every boundary of a run, in every order, and what the next run makes of what they left."""
