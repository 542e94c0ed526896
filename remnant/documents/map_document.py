"""The sidecar of a label map: what its codes are called, look like and came from."""

from typing import Final

from remnant.core.map_description import MapDescription
from remnant.documents.codec import Codec

MAP: Final = Codec(
    MapDescription,
    name="map.json",
    version="1.0",
    advice="measure the case again, which writes its maps' descriptions anew",
)
