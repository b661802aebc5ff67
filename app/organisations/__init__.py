"""Organisations and their sites."""
