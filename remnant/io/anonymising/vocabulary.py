"""Words that say nothing about a person: of descriptions, codes, kernels, makers, agents.

What is not among them does not pass. So a name that stands where it should not stand is not kept.
"""

import re
from typing import Final

DESCRIPTION_WORDS: Final = frozenset(
    """
    art arterial arteriell arterielle arterieel porta portal portalvenous portalvenoes portovenous
    pv pvp venous ven venoes venoese veineux delay delayed late spaet equilibrium tardif excretory
    native nativ plain unenhanced non pre post contrast without with no nc ncct hbp hepatobiliary
    phase early dynamic dyn min sec s mm liver leber foie abdomen abdominal abd thorax chest pelvis
    becken oberbauch upper lower whole body ax axial cor coronal sag sagittal tra transversal thin
    thick soft tissue bone lung standard recon mpr mip ct mr mrt mri pet t1 t2 t1w t2w pd dwi dw
    adc diff diffusion trace ep2d vibe lava thrive dixon mdixon disco twist starvibe caipi in ip
    opp op out of opposed water fat sat fs spair haste tse fse ssfse gre spgr flash trufi truefisp
    fiesta bssfp mrcp subtraction sub fl3d fl2d blade propeller b0 b50 b100 b400 b500 b600 b800
    b1000 3d 2d kidney spleen vessels vessel vein artery hepatic bile duct lesion lesions tumor
    tumour metastasis metastases segment segments couinaud remnant resected kept ablated i ii iii
    iv iva ivb v vi vii viii gallbladder pancreas stomach structures segmentation left right
    """.split()  # noqa: SIM905
)
NUMBER_WORD: Final = re.compile(r"\d{1,2}(?:\.\d{1,2})?(?:mm|s|min)?")
LETTERS: Final = {
    "ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "é": "e", "è": "e", "ê": "e", "í": "i", "ó": "o"
}  # fmt: skip
PLAIN_LETTERS: Final = str.maketrans(
    LETTERS | {letter.upper(): plain.upper() for letter, plain in LETTERS.items() if letter != "ß"}
)
AGENTS: Final = frozenset(
    """
    iomeprol iohexol iopamidol iodixanol iopromide iopromid ioversol iobitridol ultravist omnipaque
    iomeron imeron visipaque optiray xenetix isovue solutrast accupaque gadoxetate gadoxetic acid
    disodium primovist eovist gd eob gadobutrol gadovist dotarem gadoterate gadoteric magnevist
    multihance gadobenate clariscan vueway gadopiclenol iodine iodinated gadolinium contrast iv oral
    nonionic
    """.split()  # noqa: SIM905
)
AGENT: Final = "contrast"
"""Stands for an agent that is not known by name."""
MAKERS: Final = frozenset(
    """
    SIEMENS HEALTHINEERS GE MEDICAL SYSTEMS HEALTHCARE PHILIPS TOSHIBA CANON HITACHI UIH UNITED
    IMAGING FUJIFILM NEUSOFT SHIMADZU REMNANT
    """.split()  # noqa: SIM905
)
CODE_WORDS: Final = frozenset(
    """
    YES NO NONE Y N ORIGINAL DERIVED PRIMARY SECONDARY AXIAL LOCALIZER OTHER VOLUME CT MR SEG MIXED
    MAGNITUDE PHASE REAL IMAGINARY COMPLEX CT_SOM5 SPI HELIX HELICAL SPIRAL MODE CONSTANT_ANGLE
    MPR MIP MINIP AVERAGE MAX_IP MIN_IP CORONAL SAGITTAL RECON REFORMATTED THIN SUB SUBTRACTION
    M P R I ND NORM DIS2D DIS3D FM FS FIL MFSPLIT FFE SE T1 T2 ADC DIFFUSION TRACEW DIXON WATER FAT
    IN_PHASE OUT_PHASE OPP_PHASE OPPOSED_PHASE INPHASE IP OP IN OUT OPP W F FF PDFF FAT_FRACTION
    PROCESSED PROJECTION IMAGE RESAMPLED FILTERED QUANTITY DENSITY_MAP T1_MAP T2_MAP T2_STAR_MAP
    MONOCHROME1 MONOCHROME2 RGB PALETTE COLOR MONOCHROME YBR_FULL YBR_FULL_422 YBR_RCT YBR_ICT
    HFS HFP FFS FFP HFDR HFDL FFDR FFDL L A H ABDOMEN LIVER CHEST PELVIS HEAD NECK BRAIN THORAX
    WHOLEBODY SPINE CHESTABDOMEN ABDOMENPELVIS CHESTABDPELVIS TAP BODY HEADNECK
    00 01 ISO_10918_1 ISO_14495_1 ISO_15444_1 ISO_15444_15 ISO_13818_2 ISO_14496_10
    SP GR EP RM SK MTC SS TRSS OSP MP MT SPOILED RAPID 2D 3D ROW COL ROWCOLUMN COLUMN
    BIDIRECTIONAL UNIDIRECTIONAL DIRECTIONAL ISOTROPIC STEADY_STATE RECTILINEAR RADIAL
    TRANSMIT RECEIVE BODY_FILTER WEDGE FLAT SOFTENING SHARPENING HU US OD GREATER LESS UNKNOWN
    LINEAR LINEAR_EXACT SIGMOID IDENTITY INVERSE BINARY FRACTIONAL LABELMAP UNDEFINED PROBABILITY
    OCCUPANCY
    AUTOMATIC SEMIAUTOMATIC MANUAL MODIFIED UNMODIFIED REMOVED TILED_FULL TILED_SPARSE RIGID
    DYNAMIC STATIC FILTERED_BACK_PROJECTION ITERATIVE SPIRAL_MODE AXIAL_MODE BR EXTREMITY MALE
    FEMALE ENHANCED FULL PARTIAL CONTINUOUS END INSPIRATION EXPIRATION BREATHHOLD REALTIME GATING
    CW CC ZSPACING XYZ_EC
    CONVENTIONAL SINGLE MULTI PREMEDICATION MANUFACTURED CONE FAN
    """.split()  # noqa: SIM905
)
KERNEL: Final = re.compile(
    r"[A-Z][a-z]?\d{2}[a-z]?(?:[\\_-]?\d)?|FC\d{2}|[A-Z]{1,2}|STANDARD|SOFT|BONE|LUNG|DETAIL|EDGE|"
    r"CHEST|ULTRA|BONEPLUS|SMOOTH|SHARP"
)
STANDARD_CODES: Final = ("SCT", "SRT", "DCM", "UCUM", "LN", "NCIt")


def described(text: str, *, words: frozenset[str] = DESCRIPTION_WORDS) -> str:
    """Return the known words of a description in plain letters, with small numbers among them.

    >>> described("Doe^Jane Leber PORTALVENÖS 1.5 mm 19470312")
    'Leber PORTALVENOES 1.5 mm'
    """
    found = re.findall(r"[A-Za-z0-9.*]+", text.translate(PLAIN_LETTERS))
    return " ".join(w for w in found if w.lower() in words or NUMBER_WORD.fullmatch(w))


def of_agent(text: str) -> str:
    """Return the known words of a contrast agent's name, or one that stands for any agent.

    >>> of_agent("IMERON 400 for Mr Doe"), of_agent("Doe")
    ('imeron', 'contrast')
    """
    found = re.findall(r"[a-z]+", text.lower())
    return " ".join(word for word in found if word in AGENTS) or AGENT


def of_maker(text: str) -> str:
    """Return the known words of a maker's name, ``""`` where there are none."""
    return " ".join(w for w in re.findall(r"[A-Za-z]+", text) if w.upper() in MAKERS)


def is_code_word(text: str) -> bool:
    """Tell whether a coded value is made of known words alone.

    >>> is_code_word("HELICAL MODE"), is_code_word("DOE_JANE")
    (True, False)
    """
    return bool(text) and (
        text in CODE_WORDS or all(part in CODE_WORDS for part in re.split(r"[ /]+", text))
    )


def is_known_word(text: str) -> bool:
    """Tell whether a word is one of those that say nothing about a person.

    >>> is_known_word("Toshiba"), is_known_word("liver"), is_known_word("Doe")
    (True, True, False)
    """
    return text.upper() in MAKERS | CODE_WORDS or text.lower() in DESCRIPTION_WORDS | AGENTS
