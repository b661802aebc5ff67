"""Targets of plans and of authorities, how far along they are, and where the year will end."""
