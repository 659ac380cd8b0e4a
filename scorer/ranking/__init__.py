"""Ranking: candidates or requests in, ranked offers with propensities out."""
