"""Hauls over a network of sources and demands: the most, the cheapest, prices at the margin, and the proof. Pure."""
