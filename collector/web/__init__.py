"""Requests in, pages and answers out."""
