"""Documents: docx, xlsx, pdf, json."""
