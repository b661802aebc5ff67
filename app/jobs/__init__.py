"""Durable background work: rows that say what is to be done, and the runner that does it."""
