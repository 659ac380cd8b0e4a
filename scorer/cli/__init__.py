"""The command line: commands parse options, call one function and print the result."""
