"""Pages: one file each; filters, queries and charts put together."""
