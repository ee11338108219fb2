"""The owner's ledger of assets: read from tables, written to tables, compared with what was discovered."""
