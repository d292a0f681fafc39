"""Redirects from addresses of pages in version 0.1, which stay until 0.3."""

MOVED = {
    "pair": "confusion_analysis",
    "flip": "counterfactuals",
    "fragility": "robustness",
    "neighbours": "nearest_neighbours",
    "belief": "faithfulness",
}
"""The present address by the earlier one."""
