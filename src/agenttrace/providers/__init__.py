"""Providers: the languages that models speak on the wire, one file each, read and written."""
