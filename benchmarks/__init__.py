"""Benchmarks of the exchange as its users meet it: over HTTP, on both databases, beside what is written by hand."""
