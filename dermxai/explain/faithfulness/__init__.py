"""Faithfulness of attribution maps: measures, control maps, and evaluations of a run."""
