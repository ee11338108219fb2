"""Checks of network and security devices, power and room."""
