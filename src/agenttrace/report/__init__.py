"""Report: what a Verdict has to say, in the forms that people and machines read."""
