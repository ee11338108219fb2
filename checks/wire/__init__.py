"""The bytes that get signed."""
