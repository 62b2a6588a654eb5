"""Second implementations by another hand, to hold the first ones against."""
