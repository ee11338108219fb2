"""Words of what is shown, in both languages; pages, documents and the verifier read the same ones."""
