"""A run as one document: what it holds (`content`), how it is collected (`collect`; a file a
section in ``sections``), and how it is written (`page`, `word`, `files`)."""
