"""Who may do what on a server that others reach: codes, visits, roles, and the audit log."""
