"""Probes of services, from any vantage point."""
