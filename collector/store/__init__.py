"""Tables: SQLAlchemy Core, one module of functions per noun."""
