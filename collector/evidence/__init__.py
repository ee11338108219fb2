"""Log entries, intake rules, bundles (core)."""
