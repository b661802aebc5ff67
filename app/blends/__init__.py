"""Blends: the cheapest mix of a few lots that meets together what none of them need meet alone."""
