"""Reports of vulnerability scanners as evidence: pure readers, one a tool, and the life cycle of findings."""
