"""Parts of the Published study page."""
