"""Which variant is better and by how much, from the files of runs."""
