"""Tests of the problem that a market poses."""
