"""Tests of the transportation problem."""
