"""Fakes that tests share, named for what they stand for; each is tested or too small to fail."""
