"""The bytes that get signed: encoding, hashing, signing, trees, notes (docs/evidence.md is their text)."""
