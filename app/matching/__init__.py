"""Matching: which lots serve which needs, how far away, at what cost delivered, and with what certainty."""
