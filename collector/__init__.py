"""Flask server and its engines."""
