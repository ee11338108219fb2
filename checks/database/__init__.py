"""Checks of databases and caches, each in a session that can only read."""
