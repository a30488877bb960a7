"""Enforcement: desired against known, per line; the difference becomes pushes, seen through."""
