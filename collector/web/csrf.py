"""Tokens in forms: a request that changes something must come from one of our own pages."""

from flask import Flask
from flask_wtf.csrf import CSRFProtect

# How long a form may lie open.
_HOURS = 12


def install(app: Flask) -> CSRFProtect:
    """Prepare the protection; `auth` asks for it on every page (agents have signatures instead)."""
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    app.config["WTF_CSRF_TIME_LIMIT"] = _HOURS * 3600
    # The same-origin check of the referrer needs the header that browsers send to us by our own policy.
    app.config["WTF_CSRF_SSL_STRICT"] = True
    return CSRFProtect(app)
