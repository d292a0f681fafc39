"""Faithfulness of maps: measures, the control maps that a map must beat, and studies of a run."""
