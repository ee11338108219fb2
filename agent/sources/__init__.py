"""The only code, with outbox.py, that touches the outside world."""
