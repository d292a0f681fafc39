"""Where studies and answers are kept: SQLite of the workspace, or PostgreSQL."""
