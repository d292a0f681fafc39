"""The readers' page: plain HTML, since hundreds answer there, and see nothing else of this."""
