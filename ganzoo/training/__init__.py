"""A run from a command to its files, and sweeps of runs."""
