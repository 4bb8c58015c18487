"""Package riskmodel."""
