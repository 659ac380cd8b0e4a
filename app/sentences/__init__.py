"""Sentences and table rows: one module a page; each function maps a frame to text."""
