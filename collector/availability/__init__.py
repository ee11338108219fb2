"""Availability figures (core)."""
