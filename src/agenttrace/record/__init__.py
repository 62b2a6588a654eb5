"""Record: writes down what passes the door, in every mode."""
