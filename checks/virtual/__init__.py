"""Checks of virtualisation and storage, by the read-only commands of their own programs."""
