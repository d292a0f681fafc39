"""The synthetic dermoscopy atlas: drawn skin disease whose true evidence is known.

``write_atlas(root, AtlasSettings())`` writes one. Nothing in it comes from a photograph.
"""

from dermxai.data.atlas.clinical import write_clinical
from dermxai.data.atlas.settings import DEMO, AtlasSettings
from dermxai.data.atlas.writer import write_atlas

__all__ = ["DEMO", "AtlasSettings", "write_atlas", "write_clinical"]
