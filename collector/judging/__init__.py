"""From evidence to what is counted in a period; sealed scorecards. Core: no database, no clock, no YAML.

The collector and the offline verifier both make `PeriodFacts` here, from a `Ground` that each fills in its
own way: the one from its tables, the other from a bundle.
"""
