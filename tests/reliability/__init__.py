"""Drills of what must hold when machines fail and people cheat: short in `make test`, long in `make drills`."""
