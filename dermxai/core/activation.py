"""Activation functions, by which logits become probabilities."""

SOFTMAX = "softmax"
"""One class of all: probabilities add up to 1."""
SIGMOID = "sigmoid"
"""Each class by itself, one-vs-rest, as networks have it that give an image several labels."""
ACTIVATIONS = (SOFTMAX, SIGMOID)
