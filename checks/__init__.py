"""The shared kernel: standard library only."""
