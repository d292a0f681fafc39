"""What DermXAI raises where something from outside is of no use."""

from dermxai.core.errors import InputError

__all__ = ["InputError"]
