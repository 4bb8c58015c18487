"""What insurers ask: losses by event, exceedance curves, tables for their tools, covers and what they cost.

One `EventLosses` holds the losses of one strategy (or of one file of events) over all simulated years; every other
module works on it, and none knows where it came from. Years carry weights, so that rare years may be sampled more often
than they come.
"""
