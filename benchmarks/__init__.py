"""Benchmarks: commands that print ratios within one run."""
