"""Checks that run other people's monitoring plugins."""
