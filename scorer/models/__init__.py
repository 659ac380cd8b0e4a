"""Models of the reward: users in, one calibrated score per user and offer out."""
