"""What dermoscopy shows, drawn: one kind of structure a file, arguments in millimetres.

A function that adds to the canvas returns its footprint, a map in [0, 1], and leaves it to the
disease whether that is evidence. Terms follow the third consensus of the International Dermoscopy
Society (Kittler et al. 2016, J Am Acad Dermatol 74:1093).
"""
