"""Training of the zoo's networks from a configuration file."""
