"""Checks of the security baseline: who may do what, and what has changed since somebody approved it."""
