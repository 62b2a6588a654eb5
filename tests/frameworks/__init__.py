"""Frameworks: the same programs in each of them, under one contract."""
