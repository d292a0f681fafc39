"""Python imports this when it starts: the kinds of job in this folder are found beside the others,
by every process that has it in its PYTHONPATH."""

from pathlib import Path

from dermxai.jobs import kinds

kinds.__path__.append(str(Path(__file__).parent))
