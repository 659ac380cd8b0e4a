"""The review app: shows the published tables."""
