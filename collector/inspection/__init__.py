"""Rounds and inspection records (core)."""
