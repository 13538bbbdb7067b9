"""The command line with a temporary directory and an engine in memory."""
