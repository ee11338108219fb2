"""From what was counted in a period to points, a grade and money. Core: no database, no clock, no YAML."""
