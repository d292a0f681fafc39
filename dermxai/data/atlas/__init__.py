"""The synthetic dermoscopy atlas: drawn skin disease whose true evidence is known.

``write_atlas(root, AtlasSettings())`` writes one. Nothing in it comes from a photograph.
"""

from dermxai.data.atlas.writer import AtlasSettings, write_atlas

__all__ = ["AtlasSettings", "write_atlas"]
