"""Tests of organisations, sites and keys."""
