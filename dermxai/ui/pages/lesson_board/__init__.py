"""The live board of a lesson."""
