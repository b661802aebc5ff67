"""Backups of the whole database, and the way back."""
