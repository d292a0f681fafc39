"""The page of those who attend a lesson: plain HTML, since a class comes at once, on phones."""
