"""From the store to a document, and from a document to a file: docx, xlsx, pdf, json."""
