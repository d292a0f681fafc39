"""The page of those who make and give lessons."""
