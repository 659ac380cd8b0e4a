"""Explanations of single decisions: why an offer ranks where it does, and what would change it."""
