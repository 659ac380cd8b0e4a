"""The raw folder and the configuration files in it: what is there and whether it is valid."""
