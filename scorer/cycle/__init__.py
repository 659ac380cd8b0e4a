"""The weekly cycle: features, train, rank, monitor, publish, for every strategy."""
