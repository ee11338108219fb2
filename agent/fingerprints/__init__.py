"""Fingerprints of databases, taken at the source when they are backed up."""
