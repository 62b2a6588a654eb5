"""Teams: agents that a framework puts together, of frameworks that have a way of their own."""
