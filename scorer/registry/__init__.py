"""The model registry: stored models, their versions, and which one is deployed when."""
