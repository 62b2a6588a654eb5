"""Formats: bytes to traces and back, one module a format; `catalog` knows them all."""
