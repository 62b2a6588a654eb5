"""Programs: one file a framework, each with the same scenes."""
