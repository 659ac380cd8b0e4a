"""Scorer: trains on the feature tables and writes ranked offers."""
