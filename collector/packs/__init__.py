"""Contract packs: YAML of clauses, limits and options, read strictly and compiled to canonical JSON. Core."""
