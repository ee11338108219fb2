"""Backups: what the policy asks, what was seen of it, and what that proves (core: no clock, no database).

`engine.evaluate(policies, observed, now)` gives a `ledger.Ledger`; `compile.parse` makes policies of plain
mappings, `fold.Folder` makes what was observed of result lines. Rules: docs/backups/policy.md.
"""
