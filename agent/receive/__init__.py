"""Traps and syslog that others send: received, counted and kept short in a process of its own."""
