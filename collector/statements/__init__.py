"""What people state, signed: kinds, rights, and what stands at an instant. Core: no database, no clock."""
