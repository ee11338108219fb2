"""What a document says, before it is a file: its matter, its tables and their words. No store, no clock."""
