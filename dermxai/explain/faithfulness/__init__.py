"""Whether to believe a map: measures, the baselines that a map must beat, and studies of a run."""
