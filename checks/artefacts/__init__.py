"""What backup checks share: levels, verdicts, facts of an artefact, readers of what they are made of.

No checks live here; they are in `checks/backup/`. Standard library only.
"""
