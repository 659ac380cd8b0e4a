"""Runs the command line as `python -m scorer.cli`."""

from scorer.cli.app import main

main()
