"""Plain: what people write into their own agents; all optional, and free outside a run."""
