"""Pages: one file each, which combines filters, queries, sentences and charts."""
