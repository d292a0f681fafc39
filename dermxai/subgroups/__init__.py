"""Where a classifier is worse: columns and clusters of a run's images, and what is searched in
them."""

from dermxai.subgroups.clusters import feature_clusters
from dermxai.subgroups.columns import CLUSTER, asked_groups, columns

__all__ = ["CLUSTER", "asked_groups", "columns", "feature_clusters"]
