"""The page of those who run reader studies."""
