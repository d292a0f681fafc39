"""Training a classifier on a data set: a recipe, a loop, a checkpoint folder."""
