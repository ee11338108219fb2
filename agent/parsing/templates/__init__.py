"""Forms of device outputs in TextFSM's language: `ntc/` as ntc-templates has them, `own/` written here."""
