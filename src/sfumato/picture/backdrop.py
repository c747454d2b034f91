"""What a picture that was made from others stands on: nothing, unless the others have no transparency at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sfumato.picture.convert import Pixels

TRANSPARENT = "transparent"


def is_opaque(pixels: Pixels) -> bool:
    """Whether uint8 [H, W, 4] has no transparency anywhere."""
    return bool((pixels[..., 3] == 255).all())


def backdrop(pictures: Sequence[Pixels]) -> str:
    """"transparent", or where all the pictures are opaque the mean colour along their edges as #rrggbb.

    What is drawn from an opaque picture is opaque so; where the model leaves a gap, the edge's colour shows, which
    for most pictures is their background's.
    """
    if not pictures or not all(is_opaque(pixels) for pixels in pictures):
        return TRANSPARENT
    means = [_edge(pixels).mean(axis=0) for pixels in pictures]
    red, green, blue = np.rint(np.mean(means, axis=0)).astype(int).tolist()
    return f"#{red:02x}{green:02x}{blue:02x}"


def _edge(pixels: Pixels) -> Pixels:
    """[N, 3]: the colours of the outermost pixels."""
    rgb = pixels[..., :3]
    return np.concatenate([rgb[0], rgb[-1], rgb[:, 0], rgb[:, -1]])
