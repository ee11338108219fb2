"""The estate file and the plans made of it (core)."""
