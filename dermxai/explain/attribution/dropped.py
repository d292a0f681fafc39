"""Attribution methods of earlier releases, which addresses, jobs and scripts may still name."""

from collections.abc import Mapping

DROPPED: Mapping[str, str] = {
    "lrp": "LRP is no longer offered: its relevance does not add up to the logit within 1 % on the "
    "networks here; Integrated Gradients adds up to it by construction."
}
"""What to say instead, by name."""
