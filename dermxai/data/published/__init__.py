"""Public sets of skin images, fetched by name into the workspace."""
