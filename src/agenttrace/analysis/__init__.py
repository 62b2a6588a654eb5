"""Analysis: pure views of one trace."""
