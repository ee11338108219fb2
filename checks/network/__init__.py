"""Checks of network and power devices through SNMP and their command lines: one file a check."""
