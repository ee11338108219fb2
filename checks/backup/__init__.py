"""Checks of backups: is it there, whole, sealed, connected, true (docs/backups.md)."""
