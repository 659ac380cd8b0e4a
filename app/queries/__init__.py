"""Queries: one module a page, SQL with parameters only; each function returns a frame."""
