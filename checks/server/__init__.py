"""Checks of a server's hardware, through its management controller or smartctl."""
