"""Checks of application servers and Java virtual machines."""
