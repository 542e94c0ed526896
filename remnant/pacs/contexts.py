"""Which kinds of objects are offered and taken, and how they may be encoded."""

from collections.abc import Iterable
from typing import Final

from pydicom import uid
from pynetdicom import AllStoragePresentationContexts
from pynetdicom.presentation import PresentationContext, build_context
from pynetdicom.sop_class import LabelMapSegmentationStorage

SYNTAXES: Final = (
    uid.ExplicitVRLittleEndian,
    uid.ImplicitVRLittleEndian,
    uid.ExplicitVRBigEndian,
    uid.JPEGBaseline8Bit,
    uid.JPEGExtended12Bit,
    uid.JPEGLossless,
    uid.JPEGLosslessSV1,
    uid.JPEGLSLossless,
    uid.JPEGLSNearLossless,
    uid.JPEG2000Lossless,
    uid.JPEG2000,
    uid.HTJ2KLossless,
    uid.HTJ2KLosslessRPCL,
    uid.HTJ2K,
    uid.RLELossless,
)
"""No deflated one: what it holds has no bound."""
STORED_CLASSES: Final = tuple(str(cx.abstract_syntax) for cx in AllStoragePresentationContexts)
SCANS: Final = (
    uid.CTImageStorage,
    uid.EnhancedCTImageStorage,
    uid.LegacyConvertedEnhancedCTImageStorage,
    uid.MRImageStorage,
    uid.EnhancedMRImageStorage,
    uid.LegacyConvertedEnhancedMRImageStorage,
)
"""What a study is run from. A dose report or a picture that comes later changes no result."""
IMAGES: Final = (
    *SCANS,
    uid.SegmentationStorage,
    LabelMapSegmentationStorage,
    uid.RTStructureSetStorage,
    uid.Comprehensive3DSRStorage,
    uid.ComprehensiveSRStorage,
    uid.EnhancedSRStorage,
    uid.EncapsulatedPDFStorage,
    uid.SecondaryCaptureImageStorage,
)
"""What is fetched by C-GET, which has room for few kinds (128 contexts)."""
FETCHED_SYNTAXES: Final = (
    uid.ExplicitVRLittleEndian,
    uid.ImplicitVRLittleEndian,
    uid.JPEGLosslessSV1,
    uid.JPEG2000Lossless,
    uid.JPEGLSLossless,
    uid.RLELossless,
)


def pairs(kinds: Iterable[tuple[str, str]]) -> list[PresentationContext]:
    """Return a context for each pair of kind and encoding: a receiver accepts each by itself."""
    return [build_context(kind, syntax) for kind, syntax in dict.fromkeys(kinds)]
