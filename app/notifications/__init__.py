"""What the exchange tells of its own accord; consumers of events."""
