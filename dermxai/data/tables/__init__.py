"""Tables of images: what they are, what several of them say together, which files they mean."""
