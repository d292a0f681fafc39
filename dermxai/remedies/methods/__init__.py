"""One file a remedy; they are discovered automatically."""
