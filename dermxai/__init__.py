"""DermXAI: explainability and analysis of skin-disease classifiers on dermoscopic images.

For research and teaching, not for diagnosis.
"""

__version__ = "0.1.0"
