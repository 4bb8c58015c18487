"""Package studies."""
