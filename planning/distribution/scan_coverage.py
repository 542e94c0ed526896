"""Whether the scan holds the whole liver."""

from remnant.core.volumetry_report import VolumetryReport


def scan_cuts_liver(report: VolumetryReport) -> bool:
    """Tell whether liver, and with it tumour, may lie beyond the scan.

    So it is where the liver's volume or the tumour load is only a bound, or the load indicative.
    """
    burden = report.burden_fraction
    bounded = report.tlv_ml.bound is not None or burden.bound is not None
    return bounded or burden.indicative
