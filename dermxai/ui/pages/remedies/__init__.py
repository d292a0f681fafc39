"""Parts of the Remedies page."""
