"""Standing needs of recyclers."""
