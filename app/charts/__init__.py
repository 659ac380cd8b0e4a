"""Charts: one module a page; each function maps a frame to a chart and reads nothing."""
