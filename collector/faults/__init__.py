"""Faults, vulnerabilities and findings: what the evidence says, what people state, which clocks run. Core."""
