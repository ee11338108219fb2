"""Columns of the tables about backups; headings stand in `words.backup.COLUMNS`."""

from collector.documents.tables import Column, Kind

OBJECTS = (
    Column("b_object"),
    Column("b_over", Kind.NUMBER),
    Column("b_good", Kind.NUMBER),
    Column("b_late", Kind.NUMBER),
    Column("b_missed", Kind.NUMBER),
    Column("b_unseen", Kind.NUMBER),
    Column("b_level"),
    Column("b_copy", Kind.STATE),
    Column("b_days"),
    Column("b_rpo", Kind.SPAN),
    Column("b_tested", Kind.STATE),
    Column("b_problems", Kind.NUMBER),
)
SLOTS = (
    Column("b_object"),
    Column("b_day"),
    Column("b_role"),
    Column("b_state", Kind.STATE),
    Column("b_verdict", Kind.STATE),
    Column("b_level"),
    Column("b_window"),
    Column("b_run", Kind.WHEN),
    Column("b_artefact"),
    Column("b_evidence"),
)
POINTS = (
    Column("b_artefact"),
    Column("b_role"),
    Column("b_run", Kind.WHEN),
    Column("b_bytes"),
    Column("b_verdict", Kind.STATE),
    Column("b_level"),
    Column("b_restore_level"),
    Column("b_path"),
    Column("b_places"),
    Column("b_gone", Kind.WHEN),
    Column("b_evidence"),
)
COPIES = (
    Column("b_object"),
    Column("b_artefact"),
    Column("b_place"),
    Column("b_state", Kind.STATE),
    Column("b_by", Kind.WHEN),
    Column("b_seen", Kind.WHEN),
)
RETENTION = (
    Column("b_object"),
    Column("b_days"),
    Column("b_oldest"),
    Column("b_missed", Kind.NUMBER),
    Column("b_fulls"),
    Column("b_newest"),
    Column("b_rpo", Kind.SPAN),
)
DRILLS = (
    Column("b_object"),
    Column("b_period"),
    Column("b_state", Kind.STATE),
    Column("b_outcome", Kind.STATE),
    Column("b_pick"),
    Column("b_artefact"),
    Column("b_rto"),
    Column("b_allowed"),
    Column("b_loss", Kind.SPAN),
    Column("b_phases"),
    Column("b_evidence"),
)
PROBLEMS = (
    Column("b_outcome", Kind.STATE),
    Column("b_level"),
    Column("b_object"),
    Column("b_reason"),
    Column("b_about"),
    Column("b_since", Kind.WHEN),
    Column("b_last_good", Kind.WHEN),
    Column("b_until", Kind.WHEN),
    Column("b_clause"),
)
CLAUSES = (
    Column("b_clause"),
    Column("b_state", Kind.STATE),
    Column("b_standing", Kind.NUMBER),
    Column("b_cannot", Kind.NUMBER),
    Column("b_since", Kind.WHEN),
    Column("b_without", Kind.NUMBER),
    Column("b_objects"),
)
SUCCESS = (
    Column("b_span"),
    Column("b_begun", Kind.NUMBER),
    Column("b_good", Kind.NUMBER),
    Column("b_failed", Kind.NUMBER),
    Column("b_cannot", Kind.NUMBER),
    Column("b_excused", Kind.NUMBER),
    Column("b_retries", Kind.NUMBER),
    Column("b_rate", Kind.SHARE),
    Column("b_lower", Kind.SHARE),
    Column("b_promised", Kind.SHARE),
    Column("b_within", Kind.STATE),
)
WEEKS = (
    Column("b_system"),
    Column("b_week"),
    Column("b_object"),
    Column("b_artefact"),
    Column("b_bytes"),
    Column("b_sha256", Kind.CODE),
    Column("b_level"),
    Column("b_evidence"),
)
MEDIA = (
    Column("b_object"),
    Column("b_medium"),
    Column("b_at", Kind.WHEN),
    Column("b_outcome", Kind.STATE),
    Column("b_note"),
    Column("b_evidence"),
)
LEVELS = (
    Column("b_object"),
    Column("b_none", Kind.NUMBER),
    *(Column(f"b_l{number}", Kind.NUMBER) for number in range(10)),
)
