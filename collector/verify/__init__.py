"""The offline verifier (core, standard library only)."""
