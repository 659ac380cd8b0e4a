"""App: shows what the published tables say."""
