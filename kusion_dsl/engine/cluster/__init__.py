"""The cluster that a stack lives in: how it is reached, and which one it is."""
