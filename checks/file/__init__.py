"""Checks of files that applications keep: logs, configurations, certificates, here or by SFTP."""
