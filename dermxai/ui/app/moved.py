"""Addresses of pages in version 0.1, which lead to the present ones until 0.3."""

MOVED = {
    "pair": "confusion_analysis",
    "flip": "counterfactuals",
    "fragility": "robustness",
    "neighbours": "nearest_neighbours",
    "belief": "faithfulness",
}
"""The present address by the earlier one."""
