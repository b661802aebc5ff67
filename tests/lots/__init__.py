"""Tests of lots and assays."""
