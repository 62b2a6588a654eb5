"""Small programs that the Makefile and the pages call; no part of the distribution."""
