"""The digest of all that corrections by hand rest on: a case's maps, and the words on them."""

import hashlib
import json

from remnant.core.volumes import LabelMap
from remnant.pipeline.fingerprints import codes_digest
from remnant.pipeline.folder import volumes_of
from remnant.pipeline.segmented import SegmentedCase


def case_digest(case: SegmentedCase) -> str:
    """Return the digest (sha256) of a case's maps, of what was said of its lesions and segments.

    What a case was measured and planned with does not count, nor does how its files are written.
    """
    known = volumes_of(case).items()
    maps = {name: codes_digest(codes) for name, codes in known if isinstance(codes, LabelMap)}
    confirmed = case.division.confirmation
    text = json.dumps(
        {
            "maps": maps,
            "lesions": {str(n): word for n, word in sorted(case.confirmations.items())},
            "segments": [
                case.division.source,
                None if confirmed is None else [confirmed.name, confirmed.date],
            ],
        },
        sort_keys=True,
    )
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
