"""Tests of targets and progress."""
