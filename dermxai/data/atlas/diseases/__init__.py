"""One file a disease, discovered automatically: ``draw(canvas, lesion, view)`` in ``<code>.py``.

``lesion`` decides what all photographs of one lesion share and must be drawn from in the same
order each time; ``view`` decides what differs between visits (how much scale lies on it, say).
The canvas already holds healthy skin. ``draw`` adds the lesion, marks it (``canvas.mark_lesion``)
and marks the signs that define the class (``canvas.mark_evidence``). Angle, distance, light, hair
and lens are not its business. A disease that can share an image with another one offers what
``_inflamed.Disease`` says instead of ``draw``.
"""
