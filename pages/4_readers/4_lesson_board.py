"""A lesson as it is given, for its teacher and a projector: who is where, answers as they come."""

from dermxai.ui.pages.lesson_board import board

ICON = ":material/co_present:"

board.page()
