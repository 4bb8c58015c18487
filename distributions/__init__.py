"""Package distributions."""
