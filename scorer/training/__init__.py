"""Training: examples of a strategy in, the model to deploy and its evaluation out."""
