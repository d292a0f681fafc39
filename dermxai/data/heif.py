"""HEIC and HEIF, the photographs of phones, by pillow-heif (the extra ``heic``)."""

from io import BytesIO

from PIL import Image

from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.core.formatting import shortened


def opened(source: str | BytesIO, name: str) -> Image.Image:
    """The main image of a file, upright; its size is known, its pixels are not yet decoded.

    Args:
        source: a path, or the content.

    Raises:
        InputError: it is damaged.
    """
    import pillow_heif

    source = str(paths.readable(source)) if isinstance(source, str) else source
    pillow_heif.register_heif_opener(thumbnails=False)
    try:
        return Image.open(source, formats=("HEIF",))
    except Image.DecompressionBombError:
        raise InputError(f"{name}: too many pixels; save a smaller copy.") from None
    except Exception as error:  # the decoder raises errors of many kinds on damaged headers
        raise InputError(f"{name}: a damaged HEIC file ({shortened(str(error), 80)}).") from error
