"""A file a section of a document: each makes it from the document's material."""
