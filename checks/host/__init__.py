"""Checks an agent makes of its own host."""
