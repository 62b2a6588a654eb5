"""Golden: where accepted traces live, how they are written, and how they read in a review."""
