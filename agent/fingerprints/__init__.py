"""Fingerprints of databases, taken at their source: in a dump's own snapshot, around a dump, or alone."""
