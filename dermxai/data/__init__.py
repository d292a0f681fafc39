"""Datasets of any known format as one sample table."""

from dermxai.data.dataset import Dataset, load_dataset
from dermxai.data.table import Problem

__all__ = ["Dataset", "Problem", "load_dataset"]
