"""Model: the words that everything else is written in, as frozen values without I/O or clock."""
