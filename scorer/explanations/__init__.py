"""Why an offer ranks where it does: what makes up margins, what would change an order."""
