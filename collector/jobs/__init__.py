"""Timers: sequence, derive, open and close rounds."""
