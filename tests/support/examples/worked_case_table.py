"""The worked cases: what each is, and the verdicts with their places in the sources.

Places: M is ``machairas2021``, C ``cloyd2020``, G ``gepnetlm_review``. What a source leaves to a
reading of this project says so.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from examples.worked_cases import ABSENT, FIT, WARNED, Expected, WorkedCase
from remnant.core.labels import CouinaudSegment as Segment
from remnant.core.patient import LiverBackground

MET, NOT_MET, UNKNOWN, UNCERTAIN = "met", "not_met", "unknown", "uncertain"
NO_EVIDENCE = "no_evidence"
LARGE_PERSON = {"height_cm": 195.0, "weight_kg": 130.0}
ALL_ONLY = {"targets": (1.0,)}
THICK_SLICES_MM = (0.8, 0.8, 5.0)
FINE_MM = (1.6, 1.6, 5.0)

SINGLE = (("VI", 12.0),)
SINGLE_28 = (("VI", 14.0),)
SINGLE_36 = (("VIII", 18.0),)
SINGLE_90 = (("VIII", 45.0),)
THREE = (("VIII", 15.0), ("VI", 12.0), ("III", 9.0))
MASSES = (("VIII", 32.0), ("VI", 28.0), ("III", 27.0))
ISLAND = (("VIII", 28.0), ("VI", 28.0), ("IV", 22.0), ("II", 8.0))
BULK = (("VIII", 30.0), ("VI", 8.0), ("III", 8.0), ("II", 7.0))
SEVEN = (
    ("VIII", 12.0),
    ("VI", 11.0),
    ("V", 10.0),
    ("VII", 9.0),
    ("IV", 9.0),
    ("III", 8.0),
    ("II", 7.0),
)
HEAVY = (
    ("VIII", 48.0),
    ("VI", 40.0),
    ("IV", 34.0),
    ("V", 38.0),
    ("VII", 34.0),
    ("III", 28.0),
)
HALF = (
    ("VIII", 42.4),
    ("VI", 35.4),
    ("IV", 30.0),
    ("V", 33.5),
    ("VII", 30.0),
    ("III", 24.7),
)
SCATTERED = (
    *((name, 7.0) for name in ("II", "III", "IV", "V", "VI", "VII", "VIII")),
    *((name, 6.0) for name in ("II", "III", "IV", "V", "VI", "VII")),
)


def _says(item: str, verdict: str, place: str) -> Expected:
    return Expected(item=item, verdict=verdict, place=place)


def _all(verdict: str, place: str, *items: str) -> tuple[Expected, ...]:
    return tuple(_says(item, verdict, place) for item in items)


def _fit(**changes: Any) -> Mapping[str, Any]:
    """Return the facts of a fit person with others; ``None`` leaves one out."""
    return {name: value for name, value in {**FIT, **changes}.items() if value is not None}


TREATED = {"background": LiverBackground.CHEMOTHERAPY}
LARGE_AND_TREATED = {"person": LARGE_PERSON, **TREATED}
CHEMOTHERAPY = {"chemotherapy_weeks": 16}
OPEN_VEIN = {"portal_vein_thrombosis": False}
ISLAND_FACTS = FIT | CHEMOTHERAPY | OPEN_VEIN
NAMED = (
    WorkedCase(
        id="island",
        about="Bulk in VIII, VI and IV, a small one in II; long chemotherapy",
        balls=ISLAND,
        facts=ISLAND_FACTS,
        **TREATED,
        expected=(
            _says("target.70", MET, "M and C: right hepatectomy removes 80 % of the load"),
            _says("target.90", NOT_MET, "C, resectability: contiguous segments, vessels intact"),
            _says("target.100", NOT_MET, "C, resectability: contiguous segments, vessels intact"),
            _says("resectability.cloyd2020.share", NOT_MET, "C, resectability: complete or > 90 %"),
            _says("resectability.cloyd2020.share_70", MET, "C, conclusion: > 70 % may be right"),
            _says("cloyd2020.resectable", MET, "C, conclusion: > 70 % may be right"),
            _says("resectability.r0", NOT_MET, "ENETS list in C: R0 feasible"),
            _says("resectability.enets2016.r0", NOT_MET, "ENETS list in C: R0 feasible"),
            _says("resectability.machairas2021", NOT_MET, "M, resectability: FLR of at least 30 %"),
            _says("staging.two_stage_pvl", MET, "M, figure 2: two stages where the FLR is short"),
            _says("machairas2021.complex/resection_two_stages", MET, "M, figure 2: two stages"),
            _says(
                "machairas2021.complex/resection_one_stage",
                NOT_MET,
                "M, resectability: resectable with an FLR of at least 30 %; less is cytoreduction",
            ),
            _says("staging.pve", MET, "M, staged resection: PVE where the FLR is insufficient"),
            _says("staging.alpps", MET, "M, staged resection: ALPPS where the FLR is insufficient"),
        ),
    ),
    WorkedCase(
        id="island_g3",
        about="The same with a G3 tumour",
        balls=ISLAND,
        facts=_fit(**CHEMOTHERAPY, **OPEN_VEIN, grade="G3", ki67_percent=30),
        **TREATED,
        expected=(
            _says("staging.alpps", NOT_MET, "M, ALPPS: G3 is a contraindication"),
            _says("staging.two_stage_pvl", MET, "M, resection: for well-differentiated tumours"),
        ),
    ),
    WorkedCase(
        id="island_thrombosis",
        about="The same with portal vein thrombosis",
        balls=ISLAND,
        facts=_fit(**CHEMOTHERAPY, portal_vein_thrombosis=True),
        **TREATED,
        expected=_all(
            NOT_MET,
            "portal vein thrombosis acts on PVE and ALPPS (this project's reading)",
            "staging.pve",
            "staging.two_stage_pvl",
            "staging.alpps",
        ),
    ),
    WorkedCase(
        id="island_unfit",
        about="The same in a person who is not fit",
        balls=ISLAND,
        facts=_fit(**CHEMOTHERAPY, **OPEN_VEIN, ecog=2, fit_for_major_hepatectomy=False),
        **TREATED,
        expected=_all(
            NOT_MET,
            "C, resectability: fit for major hepatectomy",
            "staging.pve",
            "staging.two_stage_pvl",
            "staging.alpps",
        ),
    ),
    WorkedCase(
        id="island_stated",
        about="The same, a person stating that the set IV, VI, VIII leaves all vessels intact",
        balls=ISLAND,
        facts=ISLAND_FACTS,
        choice={"vessels_intact": (frozenset({Segment.IV, Segment.VI, Segment.VIII}),)},
        **TREATED,
        expected=(
            _says("target.100", MET, "C, resectability: inflow, outflow and drainage intact"),
            _says("resectability.r0", MET, "ENETS list in C: R0 feasible"),
            _says("staging.two_stage_pvl", NOT_MET, "M, staged resection: the FLR is sufficient"),
        ),
    ),
    WorkedCase(
        id="island_uncertain",
        about="The same lesions in a normal liver: the remnant lies at its 20 %",
        balls=ISLAND,
        facts=FIT,
        expected=(
            _says("target.100", UNCERTAIN, "G, FLR at least 20 %; this project's 90 % of draws"),
            _says("resectability.r0", UNCERTAIN, "ENETS list in C: R0 feasible; P about 0.5"),
            _says("staging.two_stage_pvl", UNCERTAIN, "M, figure 2; P about 0.5"),
            _says("target.70", MET, "M, debulking: right hepatectomy removes 80 % of the load"),
            _says("machairas2021.limited", UNKNOWN, "M, figure 2: limited or complex is open"),
            _says("machairas2021.complex", UNKNOWN, "M, figure 2: limited or complex is open"),
        ),
    ),
    WorkedCase(
        id="island_small_body",
        about="The same in a small body: a quarter of the standardised volume would remain",
        balls=ISLAND,
        facts=FIT | OPEN_VEIN,
        person={"height_cm": 165.0, "weight_kg": 63.0},
        choice=ALL_ONLY,
        expected=(
            _says("resectability.machairas2021", NOT_MET, "M, resectability: FLR at least 30 %"),
            _says("machairas2021.limited/resection", NOT_MET, "M, resectability: at least 30 %"),
            _says(
                "machairas2021.complex/resection_one_stage",
                NOT_MET,
                "M, resectability: at least 30 %",
            ),
        ),
    ),
    WorkedCase(
        id="three",
        about="Three lesions in both lobes that wedges clear, primary in place",
        balls=THREE,
        facts=_fit(primary_status="resectable"),
        expected=(
            _says("contraindications", MET, "C and M, resectability: nothing stands against it"),
            *_all(
                MET,
                "M, figure 2: type I or limited bilobar",
                "machairas2021.limited",
                "machairas2021.limited/primary_resection",
                "machairas2021.limited/resection",
            ),
            _says("cloyd2020.resectable", MET, "C, conclusion: resectable"),
            _says("cloyd2020.resectable/resection", MET, "C, conclusion: resection recommended"),
            _says("resectability.r0", MET, "ENETS list in C: R0 feasible"),
            _says("resectability.machairas2021", MET, "M, resectability"),
            _says("staging.simultaneous_primary", MET, "M, simultaneous: limited bilobar, fit"),
            _says(
                "staging.primary_synchronous", MET, "C: primary in synchronous resectable disease"
            ),
            *_all(
                NOT_MET,
                "M, staged resection: only where the FLR is insufficient",
                "staging.pve",
                "staging.two_stage_pvl",
                "staging.alpps",
            ),
            _says("resectability.cloyd2020.vessels", UNKNOWN, "C, resectability: nobody told"),
            _says("resectability.cloyd2020", UNKNOWN, "C, resectability: nobody told of vessels"),
        ),
    ),
    WorkedCase(
        id="three_assessed",
        about="Three lesions, vessels and bile drainage of the remnant found intact",
        balls=THREE,
        facts=_fit(remnant_vessels=True, remnant_bile=True),
        expected=(_says("resectability.cloyd2020", MET, "C, resectability: the whole list"),),
    ),
    WorkedCase(
        id="masses",
        about="Three masses over 5 cm: few, but no operation leaves enough liver for sure",
        balls=MASSES,
        facts=FIT | {"chemotherapy_weeks": 16},
        **LARGE_AND_TREATED,
        expected=_all(
            UNKNOWN,
            "M, figure 2: limited is not a count; which row is open (this project's reading)",
            "machairas2021.limited",
            "machairas2021.complex",
        ),
    ),
)

AGAINST = "C, conclusion: resectable only; its list of resectability fails"


def _ruled_out(condition: str, place: str) -> tuple[Expected, ...]:
    return (
        _says("contraindications", NOT_MET, place),
        _says(f"contraindication.{condition}", NOT_MET, place),
        *_all(NOT_MET, AGAINST, "cloyd2020.resectable", "cloyd2020.resectable/resection"),
        *_all(
            NOT_MET,
            place,
            "machairas2021.limited/resection",
            "staging.simultaneous_primary",
            "staging.primary_synchronous",
            "staging.repeat_resection",
        ),
    )


def _three_with(id_: str, about: str, expected: tuple[Expected, ...], **facts: Any) -> WorkedCase:
    """Return the case of three resectable lesions, recurred and synchronous, with other facts."""
    usual = {"primary_status": "resectable", "recurrence": True}
    told = _fit(**{**usual, **facts})
    return WorkedCase(
        id=id_, about=about, balls=THREE, facts=told, choice=ALL_ONLY, expected=expected
    )


NOT_IN_FIGURE = "M, figure 2: G1 and G2 only"
RULED_OUT = (
    _three_with(
        "three_carcinoma",
        "Three lesions, carcinoma",
        (
            *(
                one
                for one in _ruled_out("differentiation", "M: not for poorly differentiated tumours")
                if not one.item.startswith("machairas")
            ),
            _says("machairas2021.limited", ABSENT, NOT_IN_FIGURE),
            _says("machairas2021.not_covered", MET, NOT_IN_FIGURE),
            _says(
                "machairas2021.not_covered/resection_high_grade",
                NOT_MET,
                "M: not for poorly differentiated tumours",
            ),
            _says("resectability.cloyd2020", NOT_MET, "C, resectability: well differentiated"),
            _says("resectability.machairas2021", NOT_MET, "M, resectability: well differentiated"),
            _says("resectability.enets2016", NOT_MET, "ENETS list in C: grade 1-2"),
            _says(
                "machairas2021.not_covered/platinum_poor_differentiation",
                MET,
                "G, systemic: platinum for poorly differentiated",
            ),
            _says("machairas2021.not_covered/captem_high_grade", NOT_MET, "C, NORDIC: G3 only"),
        ),
        grade="NEC",
        ki67_percent=80,
    ),
    _three_with(
        "three_carcinomatosis",
        "Three lesions, carcinoma with peritoneal carcinomatosis",
        (
            _says("contraindication.peritoneum", NOT_MET, "ENETS list in C: no carcinomatosis"),
            _says("contraindication.differentiation", NOT_MET, "M: not for poorly differentiated"),
            _says(
                "staging.simultaneous_primary", NOT_MET, "M, simultaneous: fit, well differentiated"
            ),
            _says("staging.primary_synchronous", NOT_MET, "C: in resectable disease only"),
            _says("resectability.enets2016", NOT_MET, "ENETS list in C: no carcinomatosis"),
            _says("cloyd2020.significant_extrahepatic", MET, "C, conclusion: its last row"),
            _says("cloyd2020.resectable", ABSENT, "C, conclusion: the row of extrahepatic disease"),
        ),
        grade="NEC",
        ki67_percent=80,
        extrahepatic_disease=None,
        peritoneal_carcinomatosis=True,
    ),
    _three_with(
        "three_carcinomatosis_g2",
        "Three lesions, G2 with peritoneal carcinomatosis",
        (
            _says("contraindication.peritoneum", NOT_MET, "ENETS list in C: no carcinomatosis"),
            _says("machairas2021.limited/resection", NOT_MET, "ENETS list in C: no carcinomatosis"),
            _says(
                "machairas2021.limited/primary_resection",
                NOT_MET,
                "ENETS list in C: no carcinomatosis",
            ),
            _says("staging.simultaneous_primary", NOT_MET, "ENETS list in C: no carcinomatosis"),
            _says("resectability.enets2016.peritoneum", NOT_MET, "ENETS list in C"),
        ),
        extrahepatic_disease=None,
        peritoneal_carcinomatosis=True,
    ),
    _three_with(
        "three_ki67_56",
        "Three lesions, G3 with Ki-67 56 %",
        (
            *(
                one
                for one in _ruled_out("ki67", "C: high grade acceptable particularly below 55 %")
                if not one.item.startswith("machairas")
            ),
            _says(
                "machairas2021.not_covered/resection_high_grade",
                NOT_MET,
                "C: high grade acceptable particularly below 55 %",
            ),
            _says("machairas2021.not_covered/platinum_high_grade", MET, "C, NORDIC: above 55 %"),
            _says("machairas2021.not_covered/captem_high_grade", NOT_MET, "C, NORDIC: above 55 %"),
        ),
        grade="G3",
        ki67_percent=56,
    ),
    _three_with(
        "three_ki67_30",
        "Three lesions, G3 with Ki-67 30 %",
        (
            _says("machairas2021.limited", ABSENT, NOT_IN_FIGURE),
            _says(
                "machairas2021.not_covered/resection_high_grade",
                MET,
                "C: acceptable outcomes in high grade, particularly below 55 %",
            ),
            _says("machairas2021.not_covered/dual_tracer", MET, "M, second reading: FDG with SSTR"),
            _says("machairas2021.not_covered/captem_high_grade", MET, "C, NORDIC: below 55 %"),
            _says(
                "machairas2021.not_covered/platinum_high_grade", NOT_MET, "C, NORDIC: above 55 %"
            ),
            _says("cloyd2020.resectable", NOT_MET, "C, resectability: low-intermediate grade"),
            _says("cloyd2020.resectable/resection", NOT_MET, "C, resectability: the same"),
            _says("resectability.cloyd2020.grade", NOT_MET, "C, resectability: low-intermediate"),
            _says("resectability.enets2016", NOT_MET, "ENETS list in C: grade 1-2"),
        ),
        grade="G3",
        ki67_percent=30,
    ),
    _three_with(
        "three_ki67_55",
        "Three lesions, G3 with Ki-67 of exactly 55 %",
        _all(
            NOT_MET,
            "C, NORDIC: below 55 % and above 55 %, nothing at 55 %",
            "machairas2021.not_covered/captem_high_grade",
            "machairas2021.not_covered/platinum_high_grade",
        ),
        grade="G3",
        ki67_percent=55,
    ),
    _three_with(
        "three_ecog_4",
        "Three lesions, ECOG 4, fitness not told",
        (
            *_ruled_out("fit", "C, resectability: fit (ECOG 3-4 is not, this project's reading)"),
            _says("resectability.machairas2021", NOT_MET, "M: not in frailty"),
            _says("resectability.cloyd2020", NOT_MET, "C, resectability: fit"),
        ),
        ecog=4,
        fit_for_major_hepatectomy=None,
    ),
    _three_with(
        "three_unfit",
        "Three lesions, not fit for a major hepatectomy",
        _ruled_out("fit", "C, resectability: fit for major hepatectomy"),
        ecog=2,
        fit_for_major_hepatectomy=False,
    ),
    _three_with(
        "three_ecog_2",
        "Three lesions, ECOG 2, fitness not told",
        (
            _says("contraindication.fit", UNKNOWN, "C, resectability: fit (ECOG 2 leaves it open)"),
            _says("resectability.cloyd2020.fit", UNKNOWN, "C, resectability: fit"),
        ),
        ecog=2,
        fit_for_major_hepatectomy=None,
    ),
    _three_with(
        "three_ecog_contradiction",
        "ECOG 3 and told to be fit",
        (_says("facts", "refused", "ECOG 3-4 and fit contradict (this project's reading)"),),
        ecog=3,
    ),
    _three_with(
        "three_comorbidity",
        "Three lesions, prohibitive comorbidity",
        (
            *_ruled_out("comorbidity", "C and M: comorbidity that makes surgery unsafe"),
            _says(
                "machairas2021.limited/tace", MET, "M, figure 2: if resection is contraindicated"
            ),
        ),
        comorbidity_prohibitive=True,
        fit_for_major_hepatectomy=None,
        portal_vein_thrombosis=False,
        bilioenteric_anastomosis=False,
    ),
    _three_with(
        "three_primary",
        "Three lesions, primary not resectable",
        _ruled_out("primary", "C, resectability: primary generally resectable"),
        primary_status="unresectable",
    ),
    _three_with(
        "three_heart",
        "Three lesions, severe valve disease with right heart failure",
        (
            *_ruled_out("heart", "ENETS list in C: no right heart failure"),
            _says("contraindication.valve", NOT_MET, "G: severe valve disease repaired first"),
            _says("resectability.enets2016", NOT_MET, "ENETS list in C: no right heart failure"),
            _says("resectability.gepnetlm_review", NOT_MET, "G: severe valve disease"),
            _says(
                "cloyd2020.resectable/valve_repair", MET, "G: severe valve disease repaired first"
            ),
        ),
        right_heart_failure=True,
        severe_valve_disease=True,
    ),
    _three_with(
        "three_insufficiency",
        "Three lesions, hepatic insufficiency with portal vein thrombosis",
        (
            *_ruled_out("decompensation", "G: minima for compensated livers only"),
            *_all(
                NOT_MET,
                "M, TAE/TACE: portal vein thrombosis, hepatic insufficiency",
                "machairas2021.limited/tace",
                "machairas2021.limited/tae",
            ),
            *_all(
                WARNED,
                "M, intra-arterial techniques: the same warn for RE",
                "machairas2021.limited/radioembolisation:pathway.portal_vein_thrombosis.caution",
                "machairas2021.limited/radioembolisation:pathway.hepatic_insufficiency.caution",
            ),
        ),
        hepatic_insufficiency=True,
        portal_vein_thrombosis=True,
    ),
    _three_with(
        "three_extrahepatic",
        "Three lesions, significant disease elsewhere",
        (
            _says("contraindication.extrahepatic", NOT_MET, "C, text: minimal to none"),
            _says("cloyd2020.resectable", ABSENT, "C, conclusion: the row of extrahepatic disease"),
            _says("cloyd2020.significant_extrahepatic", MET, "C, conclusion: its last row"),
            _says("machairas2021.limited/resection", NOT_MET, "C, text: minimal to none"),
            _says("staging.simultaneous_primary", NOT_MET, "C, text: minimal to none"),
            _says("staging.primary_synchronous", NOT_MET, "C, text: minimal to none"),
            _says("resectability.cloyd2020", NOT_MET, "C, resectability: minimal or none"),
        ),
        extrahepatic_disease="significant",
    ),
    _three_with(
        "three_metachronous",
        "Three lesions that came later, primary in place",
        _all(
            NOT_MET,
            "M, simultaneous; C: in synchronous disease",
            "staging.simultaneous_primary",
            "staging.primary_synchronous",
        ),
        presentation="metachronous",
    ),
    _three_with(
        "three_enets",
        "Three lesions, expected morbidity 30 % and mortality 4.9 %",
        (_says("resectability.enets2016", MET, "ENETS list in C: about 30 %, below 5 %"),),
        expected_morbidity_percent=30,
        expected_mortality_percent=4.9,
    ),
    _three_with(
        "three_enets_mortality",
        "Three lesions, expected morbidity 31 % and mortality 5 %",
        (
            _says("resectability.enets2016.mortality", NOT_MET, "ENETS list in C: below 5 %"),
            _says(
                "resectability.enets2016.morbidity",
                NOT_MET,
                "ENETS list in C: about 30 % (read as at most)",
            ),
            _says("resectability.enets2016", NOT_MET, "ENETS list in C"),
        ),
        expected_morbidity_percent=31,
        expected_mortality_percent=5,
    ),
    _three_with(
        "three_discordant",
        "Three lesions, the primary G1 and the metastases G3; no biopsy of a metastasis",
        (
            _says("staging_checklist.grades_agree", NOT_MET, "C, grade: they may differ"),
            _says("staging_checklist.biopsy", NOT_MET, "M, ALPPS: biopsy for that reason"),
            _says("staging.alpps.biopsy", NOT_MET, "M, ALPPS: biopsy before it"),
            _says("machairas2021.limited", ABSENT, NOT_IN_FIGURE),
        ),
        grade="G3",
        ki67_percent=30,
        primary_grade="G1",
        metastasis_biopsied=False,
    ),
    _three_with(
        "three_minimal",
        "Three lesions, little indolent disease elsewhere",
        (
            _says("cloyd2020.resectable", MET, "C, conclusion: low-volume indolent accepted"),
            _says("resectability.cloyd2020.extrahepatic_abstract", NOT_MET, "C, abstract: none"),
            _says("resectability.cloyd2020.extrahepatic_text", MET, "C, text: minimal to none"),
            _says("resectability.enets2016", NOT_MET, "ENETS list in C: no extrahepatic disease"),
        ),
        extrahepatic_disease="minimal",
    ),
    _three_with(
        "three_team",
        "Three lesions, judged unresectable by the team",
        (
            *(
                one
                for one in _ruled_out("team", "the team's word decides (this project's reading)")
                if not one.item.startswith("cloyd2020")
            ),
            _says(
                "cloyd2020.resectable", ABSENT, "C, conclusion: the rows of unresectable disease"
            ),
            _says("cloyd2020.oligometastatic", MET, "C, conclusion: unresectable, oligometastatic"),
            _says("cloyd2020.oligometastatic/sbrt", NOT_MET, "C, SBRT: solitary"),
        ),
        judged_unresectable=True,
    ),
)

TOLD_SIGNS = (
    ("ascites", "Ascites"),
    ("encephalopathy", "Hepatic encephalopathy"),
    ("variceal_bleeding", "Bleeding from varices"),
    ("jaundice_from_liver_disease", "Jaundice from liver disease"),
    ("hepatic_insufficiency", "Hepatic insufficiency"),
)
LATERAL = "left_lateral_sectionectomy:flr.gepnetlm_review"


def _decompensated() -> Iterator[WorkedCase]:
    for name, words in (*TOLD_SIGNS, ("decompensated", "Decompensation stated")):
        yield WorkedCase(
            id=f"cirrhosis_{name}",
            about=f"Three lesions in a cirrhotic liver. {words}",
            balls=THREE,
            facts=_fit(**{name: True}),
            background=LiverBackground.CIRRHOSIS,
            choice=ALL_ONLY,
            expected=(
                _says(
                    "contraindication.decompensation",
                    NOT_MET,
                    "one sign is enough (this project's reading)",
                ),
                _says("best", NO_EVIDENCE, "G: 40 % is for well-compensated cirrhosis"),
                _says(LATERAL, NO_EVIDENCE, "G: 40 % is for well-compensated cirrhosis"),
                _says(
                    "cloyd2020.resectable",
                    NOT_MET,
                    "no minimum for it in any source (this project's reading)",
                ),
            ),
        )


DECOMPENSATED = (
    *_decompensated(),
    WorkedCase(
        id="cirrhosis_warned",
        about="Compensated cirrhosis with varices, a large spleen and few platelets",
        balls=THREE,
        facts=_fit(decompensated=False, varices=True, splenomegaly=True, platelets_per_nl=60),
        background=LiverBackground.CIRRHOSIS,
        expected=(
            _says("contraindication.decompensation", MET, "G: these alone raise risk"),
            _says(LATERAL, MET, "G: 40 % in well-compensated cirrhosis"),
            *_all(
                NOT_MET,
                "G: portal hypertension raises risk",
                "resectability.gepnetlm_review.varices",
                "resectability.gepnetlm_review.splenomegaly",
                "resectability.gepnetlm_review.platelets",
                "staging.pve.portal_hypertension",
            ),
        ),
    ),
    WorkedCase(
        id="cirrhosis_not_told",
        about="Cirrhosis, and nobody told whether it is compensated",
        balls=THREE,
        facts=_fit(ascites=None, hepatic_insufficiency=None),
        background=LiverBackground.CIRRHOSIS,
        choice=ALL_ONLY,
        expected=_all(
            UNKNOWN,
            "G: 40 % is for well-compensated cirrhosis",
            "contraindication.decompensation",
            LATERAL,
            "best",
        ),
    ),
    WorkedCase(
        id="cirrhosis_right",
        about="Compensated cirrhosis: 36 % of the functional liver after a right hepatectomy",
        balls=THREE,
        facts=_fit(decompensated=False),
        background=LiverBackground.CIRRHOSIS,
        choice=ALL_ONLY,
        expected=(
            _says(
                "right_hemihepatectomy:flr.primary_papers",
                NOT_MET,
                "Azoulay: 40 % of the measured functional volume",
            ),
            _says("right_hemihepatectomy:flr.cloyd2020", MET, "C: 20 % of standardised volume"),
            _says("best", MET, "G: 40 %; wedges leave nearly all of the liver"),
        ),
    ),
    WorkedCase(
        id="large_body",
        about="Three lesions, a large body: 14 % of the standardised volume in II and III",
        balls=THREE,
        facts=FIT,
        person=LARGE_PERSON,
        choice=ALL_ONLY,
        expected=(
            _says("right_trisectionectomy:flr.gepnetlm_review", NOT_MET, "G: 20 %"),
            _says("right_trisectionectomy:flr.cloyd2020", NOT_MET, "C: 20 %"),
            _says("right_trisectionectomy:flr.machairas2021_30", NOT_MET, "M: 30 %"),
        ),
    ),
    WorkedCase(
        id="platelets_100",
        about="Three lesions, 100 platelets per nL",
        balls=THREE,
        facts=_fit(platelets_per_nl=100),
        expected=(
            _says("resectability.gepnetlm_review.platelets", MET, "G: below 100,000 raises risk"),
        ),
    ),
)

DIFFUSE_DRUGS = "M, figure 2: type III"
PANCREATIC = {"primary_site": "pancreas"}
INTESTINAL = {"primary_site": "small_bowel"}
RADIOLIGAND = {"sstr_positive": True, "adequate_kidneys_and_marrow": True}
PATTERNS = (
    WorkedCase(
        id="type_iii",
        about="Thirteen small lesions, all of which wedges would clear; pancreatic primary",
        balls=SCATTERED,
        facts=_fit(**PANCREATIC, **RADIOLIGAND, primary_status="resectable"),
        expected=(
            _says("frilling", "III", "M, figure 1: disseminated, both lobes"),
            _says("netlm", "2", "`netlm2023`, type 2: many lesions, > 70 % sparing parenchyma"),
            _says("machairas2021.diffuse", MET, DIFFUSE_DRUGS),
            _says("machairas2021.diffuse/resection", ABSENT, "M, figure 2: no resection arm"),
            _says("resectability.machairas2021.extensive", NOT_MET, "M: not for extensive disease"),
            _says("resectability.machairas2021", NOT_MET, "M: not for extensive disease"),
            _says("staging.simultaneous_primary", NOT_MET, "M, simultaneous: type I or limited"),
            *_all(
                MET,
                DIFFUSE_DRUGS,
                "machairas2021.diffuse/prrt",
                "machairas2021.diffuse/somatostatin_analogue",
                "machairas2021.diffuse/chemotherapy_pancreatic",
                "machairas2021.diffuse/everolimus",
                "machairas2021.diffuse/sunitinib",
            ),
            *_all(
                NOT_MET,
                "M, figure 2: small intestine",
                "machairas2021.diffuse/interferon",
                "machairas2021.diffuse/immunotherapy",
            ),
            _says("machairas2021.diffuse/primary_then_prrt", MET, "M: G1-G2 pancreatic, diffuse"),
            _says("machairas2021.diffuse/ablation", ABSENT, "M, figure 2: no ablation in type III"),
        ),
    ),
    WorkedCase(
        id="type_iii_symptoms",
        about="Thirteen small lesions, refractory hormones, primary of the small bowel",
        balls=SCATTERED,
        facts=_fit(**INTESTINAL, functional=True, symptoms_refractory=True),
        expected=(
            _says(
                "debulking.indication.machairas2021",
                NOT_MET,
                "M, figure 2: cytoreduction in type II only (this project's reading)",
            ),
            _says("debulking.indication.gepnetlm_review", MET, "G: severe hormonal syndrome"),
            *_all(
                MET,
                DIFFUSE_DRUGS,
                "machairas2021.diffuse/interferon",
                "machairas2021.diffuse/immunotherapy",
                "machairas2021.diffuse/everolimus",
            ),
            *_all(
                NOT_MET,
                "M, figure 2: pancreatic",
                "machairas2021.diffuse/chemotherapy_pancreatic",
                "machairas2021.diffuse/sunitinib",
            ),
        ),
    ),
    WorkedCase(
        id="type_ii",
        about="A bulk in the right, small deposits in both lobes; primary in place, refractory",
        balls=BULK,
        facts=_fit(primary_status="resectable", functional=True, symptoms_refractory=True),
        expected=(
            _says("frilling", "II", "M, figure 1: bulk with smaller deposits, both lobes"),
            *_all(
                MET,
                "M, figure 2: type II or complex",
                "machairas2021.complex",
                "machairas2021.complex/primary_resection",
                "machairas2021.complex/resection_one_stage",
                "machairas2021.complex/observation",
            ),
            _says("machairas2021.complex/resection_two_stages", NOT_MET, "M: FLR is sufficient"),
            _says("machairas2021.complex/cytoreduction", MET, "M, debulking: uncontrollable"),
            _says("machairas2021.complex/hormones_first", MET, "G: hormone excess treated first"),
            _says("staging.simultaneous_primary", NOT_MET, "M, simultaneous: type I or limited"),
            _says("staging.alpps.type", MET, "M, ALPPS registry: 95 % type II"),
            _says("resectability.gepnetlm_review.hormones", NOT_MET, "G: hormone excess first"),
        ),
    ),
    WorkedCase(
        id="type_ii_unresectable",
        about="The same, unresectable by the team, somatostatin receptors",
        balls=BULK,
        facts=_fit(**RADIOLIGAND, judged_unresectable=True),
        expected=(
            _says(
                "machairas2021.complex/resection_one_stage",
                NOT_MET,
                "the team's word decides (this project's reading)",
            ),
            _says("machairas2021.complex/down_staging", MET, "M, second reading: down-staging"),
            _says(
                "machairas2021.complex/prrt_with_radioembolisation",
                MET,
                "M, second reading: PRRT with RE for bulky disease",
            ),
            _says("machairas2021.complex/prrt", MET, "M, PRRT: G1-G2, SSTR, kidneys and marrow"),
        ),
    ),
    WorkedCase(
        id="type_i",
        about="A single lesion that a wedge clears",
        balls=SINGLE,
        facts=_fit(primary_status="resectable", portal_vein_thrombosis=False),
        expected=(
            _says("frilling", "I", "M, figure 1: a single metastasis of any size"),
            _says("machairas2021.limited/resection", MET, "M, figure 2: type I"),
            _says("staging.simultaneous_primary", MET, "M, simultaneous: type I, fit"),
            *_all(
                NOT_MET,
                "M, TAE/TACE: multiple unresectable; RE: not amenable to resection",
                "machairas2021.limited/tace",
                "machairas2021.limited/tae",
                "machairas2021.limited/radioembolisation",
            ),
        ),
    ),
    WorkedCase(
        id="seven",
        about="Seven lesions in both lobes, unresectable by the team",
        balls=SEVEN,
        facts=_fit(
            **RADIOLIGAND,
            **INTESTINAL,
            judged_unresectable=True,
            portal_vein_thrombosis=False,
            bilioenteric_anastomosis=False,
        ),
        expected=(
            *_all(
                MET,
                "C, conclusion: multifocal bilobar, transarterial first",
                "cloyd2020.multifocal_bilobar",
                "cloyd2020.multifocal_bilobar/tae_tace",
                "cloyd2020.multifocal_bilobar/tare",
                "cloyd2020.multifocal_bilobar/prrt",
                "cloyd2020.multifocal_bilobar/somatostatin_analogue",
                "cloyd2020.multifocal_bilobar/everolimus",
            ),
            _says("cloyd2020.multifocal_bilobar/sunitinib", NOT_MET, "C, systemic: pancreatic"),
            _says(
                "cloyd2020.multifocal_bilobar/captem_pancreatic", NOT_MET, "C, systemic: pancreatic"
            ),
            _says("cloyd2020.oligometastatic", ABSENT, "C, conclusion: oligometastatic is its own"),
            _says(
                "machairas2021.complex:trial",
                "pathway.trial.embolisation",
                "M: NCT03457948, up to 75 % and largest up to 5 cm, a note",
            ),
            _says("ablation.number.cloyd2020@1", NOT_MET, "C, ablation: 1-3 tumours"),
            *_all(
                MET,
                "M, TAE/TACE and RE: multiple unresectable",
                "machairas2021.complex/tace",
                "machairas2021.complex/tae",
                "machairas2021.complex/radioembolisation",
            ),
        ),
    ),
)


SHARES = ("target.70", "target.80", "target.90")


def _simple(
    id_: str,
    about: str,
    balls: tuple[tuple[str, float], ...],
    expected: tuple[Expected, ...],
    **facts: Any,
) -> WorkedCase:
    return WorkedCase(
        id=id_,
        about=about,
        balls=balls,
        facts=_fit(**facts),
        choice={} if any(one.item in SHARES for one in expected) else ALL_ONLY,
        expected=expected,
    )


OPEN_ARTERIES = {"portal_vein_thrombosis": False, "bilioenteric_anastomosis": False}
UNRESECTABLE = {"judged_unresectable": True}
LOCAL = (
    WorkedCase(
        id="ablation_28",
        about="A ball of 28 mm in slices of 5 mm",
        balls=SINGLE_28,
        facts=FIT | {"pancreatoduodenectomy": False},
        spacing_mm=THICK_SLICES_MM,
        choice=ALL_ONLY,
        expected=(
            *_all(
                MET,
                "G, M and C, size: 3, 5 and 3.5 cm, taken axially",
                "ablation.size_lower.gepnetlm_review@1",
                "ablation.size.machairas2021@1",
                "ablation.size.cloyd2020@1",
                "machairas2021.limited/ablation",
            ),
        ),
    ),
    WorkedCase(
        id="ablation_36",
        about="A ball of 36 mm, unresectable by the team",
        balls=SINGLE_36,
        facts=FIT | UNRESECTABLE | OPEN_ARTERIES | {"pancreatoduodenectomy": False},
        spacing_mm=FINE_MM,
        choice=ALL_ONLY,
        expected=(
            _says("ablation.size.machairas2021@1", MET, "M, ablation: below 5 cm"),
            _says("ablation.size.cloyd2020@1", NOT_MET, "C, ablation: below 3.5 cm"),
            _says("ablation.size_lower.gepnetlm_review@1", NOT_MET, "G, ablation: poor above 3 cm"),
            _says("ablation.size_upper.gepnetlm_review@1", MET, "G, ablation: poor above 4 cm"),
            _says("cloyd2020.oligometastatic/percutaneous_ablation", NOT_MET, "C: below 3.5 cm"),
            _says("cloyd2020.oligometastatic/sbrt", MET, "C, SBRT: solitary above 3 cm"),
            _says("cloyd2020.oligometastatic/proton_beam", MET, "C, second reading: beside SBRT"),
            _says("cloyd2020.oligometastatic/selective_transarterial", MET, "C, conclusion"),
            _says("machairas2021.limited/ablation", MET, "M, ablation: below 5 cm"),
            _says("machairas2021.limited:trial", "pathway.trial.ablation", "M: NCT03457948, note"),
        ),
    ),
    _simple(
        "ablation_90",
        "A single lesion of 9 cm, unresectable by the team",
        SINGLE_90,
        (
            *_all(
                NOT_MET,
                "M, C and G, size: 5, 3.5 and 4 cm",
                "ablation.size.machairas2021@1",
                "ablation.size.cloyd2020@1",
                "ablation.size_upper.gepnetlm_review@1",
                "machairas2021.limited/ablation",
            ),
            _says("cloyd2020.oligometastatic/percutaneous_ablation", NOT_MET, "C: below 3.5 cm"),
            _says("cloyd2020.oligometastatic/sbrt", MET, "C, SBRT: solitary above 3 cm"),
            _says(
                "machairas2021.limited:trial", "pathway.trial.y90", "M: NCT03457948, largest > 5 cm"
            ),
        ),
        **UNRESECTABLE,
    ),
    _simple(
        "small_single",
        "A single lesion below 3 cm, unresectable by the team",
        SINGLE,
        (
            _says("cloyd2020.oligometastatic/percutaneous_ablation", MET, "C: 1-3 below 3.5 cm"),
            _says("cloyd2020.oligometastatic/sbrt", NOT_MET, "C, SBRT: above 3 cm"),
            _says(
                "machairas2021.limited/tace", MET, "M, figure 2: if resection is contraindicated"
            ),
            _says("machairas2021.limited/tace:pathway.multiple", WARNED, "M, TACE: multiple"),
        ),
        **UNRESECTABLE,
        **OPEN_ARTERIES,
    ),
    _simple(
        "hilum",
        "Three lesions, the first at the hilum and near a bile duct",
        THREE,
        (
            _says("ablation.hilum.machairas2021@1", NOT_MET, "M, ablation: not at the hilum"),
            _says("ablation.hilum.cloyd2020@1", NOT_MET, "C, ablation: hilar position"),
            _says("ablation.bile_duct.cloyd2020@1", NOT_MET, "C, ablation: near major bile ducts"),
            _says("ablation.central_biliary.gepnetlm_review@1", NOT_MET, "G, ablation: 1 cm"),
            _says("ablation.hilum.machairas2021@3", MET, "M, ablation: not at the hilum"),
        ),
        lesions_at_hilum=(1,),
        lesions_near_bile_duct=(1,),
    ),
    _simple(
        "whipple",
        "Three lesions, unresectable, after a Whipple procedure",
        THREE,
        (
            _says("machairas2021.limited/ablation", NOT_MET, "M, ablation: not after Whipple"),
            _says("ablation.whipple.machairas2021@1", NOT_MET, "M, ablation: not after Whipple"),
            *_all(
                NOT_MET,
                "M, TAE/TACE: bilio-enteric anastomosis, which a Whipple makes",
                "machairas2021.limited/tace",
                "machairas2021.limited/tae",
                "cloyd2020.oligometastatic/selective_transarterial",
            ),
            _says(
                "machairas2021.limited/radioembolisation:pathway.bilioenteric_anastomosis.caution",
                WARNED,
                "M, intra-arterial techniques",
            ),
        ),
        **UNRESECTABLE,
        pancreatoduodenectomy=True,
        portal_vein_thrombosis=False,
    ),
    _simple(
        "whipple_contradiction",
        "A Whipple procedure, and told to have no bilio-enteric anastomosis",
        SINGLE,
        (_says("facts", "refused", "M and C: a Whipple makes one, the facts contradict"),),
        pancreatoduodenectomy=True,
        bilioenteric_anastomosis=False,
    ),
    _simple(
        "thrombosis",
        "Seven lesions, unresectable, portal vein thrombosis",
        SEVEN,
        (
            *_all(
                NOT_MET,
                "M, TAE/TACE: portal vein thrombosis",
                "machairas2021.complex/tace",
                "machairas2021.complex/tae",
                "cloyd2020.multifocal_bilobar/tae_tace",
            ),
            _says("machairas2021.complex/radioembolisation", MET, "M, RE: not amenable"),
            _says(
                "machairas2021.complex/radioembolisation:pathway.portal_vein_thrombosis.caution",
                WARNED,
                "M, intra-arterial techniques",
            ),
        ),
        **UNRESECTABLE,
        portal_vein_thrombosis=True,
        bilioenteric_anastomosis=False,
    ),
    _simple(
        "no_receptors",
        "Seven lesions without somatostatin receptors",
        SEVEN,
        (_says("machairas2021.complex/prrt", NOT_MET, "M, PRRT: SSTR-positive"),),
        sstr_positive=False,
        adequate_kidneys_and_marrow=True,
    ),
    _simple(
        "kidneys",
        "Seven lesions with receptors, kidneys or marrow not adequate",
        SEVEN,
        (_says("machairas2021.complex/prrt", NOT_MET, "M, PRRT: adequate kidneys and marrow"),),
        sstr_positive=True,
        adequate_kidneys_and_marrow=False,
    ),
    _simple(
        "not_functional",
        "Three lesions, not functional",
        THREE,
        (
            _says(
                "cloyd2020.resectable/perioperative_octreotide",
                MET,
                "C, second reading: all are at risk of carcinoid crisis",
            ),
            _says("cloyd2020.resectable/hormones_first", NOT_MET, "G: hormone excess first"),
            _says(
                "resectability.gepnetlm_review.hormones",
                MET,
                "G: hormone excess first; none without excess",
            ),
            _says("debulking.indication.gepnetlm_review", NOT_MET, "G: severe hormonal syndrome"),
            _says("transplant.enets.burden", MET, "M, table 2: below 50 %"),
        ),
        functional=False,
    ),
    _simple(
        "pancreatic",
        "Three lesions of a pancreatic primary",
        THREE,
        (
            _says("cloyd2020.resectable/neoadjuvant", MET, "C, second reading: pancreatic NELM"),
            _says("machairas2021.limited/chemotherapy_pancreatic", MET, "M, figure 2: pancreatic"),
            _says("machairas2021.limited/interferon", NOT_MET, "M, figure 2: small intestine"),
        ),
        **PANCREATIC,
    ),
    _simple(
        "lung_extrahepatic",
        "Three lesions of a lung primary, significant disease elsewhere",
        THREE,
        (
            _says(
                "cloyd2020.significant_extrahepatic/everolimus", MET, "C, systemic: GEP and lung"
            ),
            _says(
                "cloyd2020.significant_extrahepatic/sunitinib", NOT_MET, "C, systemic: pancreatic"
            ),
            _says("cloyd2020.significant_extrahepatic/somatostatin_analogue", MET, "C, systemic"),
        ),
        primary_site="lung",
        extrahepatic_disease="significant",
    ),
    _simple(
        "recurrence",
        "Three lesions that came back",
        THREE,
        (_says("staging.repeat_resection", MET, "M, recurrence: amenable to repeat resection"),),
        recurrence=True,
    ),
    _simple(
        "no_recurrence",
        "Three lesions, no recurrence",
        THREE,
        (_says("staging.repeat_resection", NOT_MET, "M, recurrence: of recurrences only"),),
        recurrence=False,
    ),
    _simple(
        "ki67_without_word",
        "Three lesions, Ki-67 21 %, grade and differentiation not told",
        THREE,
        (
            *_all(
                NOT_MET,
                "M, grade: above 20 % is neither G1 nor G2",
                "resectability.enets2016.grade",
                "resectability.cloyd2020.grade",
                "transplant.milan.grade",
                "transplant.enets.grade",
                "transplant.enets_minimal.grade",
                "staging.alpps.grade",
            ),
            _says("machairas2021.limited", ABSENT, NOT_IN_FIGURE),
            _says("contraindication.differentiation", UNKNOWN, "M: NET or NEC is not told"),
        ),
        grade=None,
        ki67_percent=21,
    ),
    _simple(
        "ki67_20",
        "Three lesions, Ki-67 20 %, grade not told",
        THREE,
        (
            _says("resectability.enets2016.grade", MET, "M, grade: G2 is 3-20 %"),
            _says("transplant.enets.ki67", NOT_MET, "M, table 2: Ki-67 at most 10 %"),
        ),
        grade=None,
        ki67_percent=20,
    ),
)

DEBULKING = (
    _simple(
        "debulk_functional",
        "Three lesions, hormones not controlled",
        THREE,
        (
            _says("debulking.indication.machairas2021", MET, "M, debulking: uncontrollable"),
            _says("debulking.indication.gepnetlm_review", MET, "G: severe hormonal syndrome"),
        ),
        functional=True,
        symptoms_refractory=True,
    ),
    _simple(
        "debulk_controlled",
        "Three lesions, functional, controlled",
        THREE,
        _all(
            NOT_MET,
            "M and G, debulking: only uncontrolled",
            "debulking.indication.machairas2021",
            "debulking.indication.gepnetlm_review",
        ),
        functional=True,
        symptoms_refractory=False,
    ),
    _simple(
        "debulk_symptoms",
        "Three lesions, not functional, stable for 6 months, symptoms of the mass",
        THREE,
        (
            _says("debulking.indication.machairas2021", MET, "M, debulking: stable >= 6 months"),
            _says("debulking.indication.gepnetlm_review", NOT_MET, "G: hormonal syndrome only"),
        ),
        functional=False,
        stable_months=6,
        symptoms_from_burden=True,
    ),
    _simple(
        "debulk_unstable",
        "The same, stable for 5 months only",
        THREE,
        (_says("debulking.indication.machairas2021", NOT_MET, "M, debulking: stable >= 6 months"),),
        functional=False,
        stable_months=5,
        symptoms_from_burden=True,
    ),
    _simple(
        "debulk_no_symptoms",
        "The same, stable for a year, no symptoms",
        THREE,
        (_says("debulking.indication.machairas2021", NOT_MET, "M, debulking: with symptoms"),),
        functional=False,
        stable_months=12,
        symptoms_from_burden=False,
    ),
    _simple(
        "debulk_all_targets",
        "Three lesions: every share is within reach",
        THREE,
        (
            _says("target.70", MET, "M and C: 70 %"),
            _says("target.80", MET, "C: series with 80-90 %"),
            _says("target.90", MET, "M, classic; C, selection: 90 %"),
            _says("target.100", MET, "C, selection: complete"),
            _says("netlm", "1", "`netlm2023`, type 1: completely cleared"),
            _says("resectability.cloyd2020.share", MET, "C, resectability: complete or > 90 %"),
        ),
    ),
    _simple(
        "debulk_none",
        "Six large lesions, most of the liver: no share is within reach",
        HEAVY,
        (
            *_all(
                NOT_MET,
                "G, FLR at least 20 %, C, resectability: > 70 % out of reach",
                "target.70",
                "target.90",
                "target.100",
                "resectability.cloyd2020.share",
            ),
            _says("netlm", "3", "`netlm2023`, type 3: > 70 % not achievable"),
            _says("cloyd2020.resectable", ABSENT, "C, conclusion: not > 70 %"),
            _says("cloyd2020.multifocal_bilobar", MET, "C, conclusion: multifocal bilobar"),
            _says("machairas2021.complex/down_staging", MET, "M, second reading: bulky disease"),
        ),
        judged_unresectable=None,
    ),
)

TRANSPLANTABLE: Mapping[str, Any] = {
    "histology_confirmed": True,
    "primary_site": "small_bowel",
    "primary_resected_months": 12,
    "stable_months": 8,
    "optimised_staging": True,
    "low_bilirubin": True,
    "expected_mortality_percent": 5,
    "on_transplant_list": True,
    "judged_unresectable": True,
}
LISTS = ("milan", "enets", "enets_minimal", "unos", "vanvilsteren")
PLACES = {
    "milan": "M table 2, C table 1, Milan",
    "enets": "M table 2, ENETS",
    "enets_minimal": "C table 1, ENETS minimal",
    "unos": "M table 2, UNOS",
    "vanvilsteren": "G, van Vilsteren",
}
TABLE_COLUMNS = "its column"


def _transplant(
    id_: str,
    about: str,
    words: str,
    why: str = TABLE_COLUMNS,
    *,
    balls: tuple[tuple[str, float], ...] = SEVEN,
    age: float = 50.0,
    more: tuple[Expected, ...] = (),
    **facts: Any,
) -> WorkedCase:
    """Return a case with a verdict for each list: ``+``, ``-``, ``?`` or ``~`` in their order."""
    signs = {"+": MET, "-": NOT_MET, "?": UNKNOWN, "~": UNCERTAIN}
    judged = zip(LISTS, words, strict=True)
    return WorkedCase(
        id=f"transplant_{id_}",
        about=about,
        balls=balls,
        facts=_fit(**{**TRANSPLANTABLE, **facts}),
        person={} if age == 50.0 else {"age_years": age},
        choice=ALL_ONLY,
        expected=(
            *(
                _says(f"transplant.{name}", signs[sign], f"{PLACES[name]}: {why}")
                for name, sign in judged
            ),
            *more,
        ),
    )


REFRACTORY = {"functional": True, "symptoms_refractory": True}
TRANSPLANT = (
    _transplant("all", "Seven lesions in both lobes, unresectable: every list", "+++++"),
    _transplant(
        "resectable",
        "A single lesion that a wedge clears",
        "-----",
        "transplantation is confined to unresectable disease",
        balls=SINGLE,
        judged_unresectable=None,
        more=(_says("transplant.milan.unresectable", NOT_MET, "M, text: unresectable disease"),),
    ),
    _transplant(
        "one_lobe",
        "A single lesion, unresectable by the team",
        "+++--",
        "bilobar in UNOS and van Vilsteren",
        balls=SINGLE,
    ),
    _transplant("age_55", "55 years old", "--+-+", "age below 55 where it is listed", age=55.0),
    _transplant("age_54", "54 years old", "+++++", "age below 55", age=54.0),
    _transplant(
        "heavy",
        "More than half of the liver is tumour, hormones controlled",
        "--+-+",
        "below 50 % where it is listed",
        balls=HEAVY,
        functional=True,
        symptoms_refractory=False,
    ),
    _transplant(
        "heavy_refractory",
        "More than half of the liver is tumour, refractory hormonal symptoms",
        "-++-+",
        "below 50 %, ENETS below 75 % with refractory hormonal symptoms",
        balls=HEAVY,
        **REFRACTORY,
    ),
    _transplant(
        "half",
        "Half of the liver is tumour: the measurement error decides",
        "~~+~+",
        "below 50 % where it is listed",
        balls=HALF,
        functional=True,
        symptoms_refractory=False,
    ),
    _transplant("stable_6", "Stable for exactly 6 months", "+++++", "at least 6", stable_months=6),
    _transplant(
        "stable_5",
        "Stable for 5.9 months",
        "--+-+",
        "at least 6 months where it is listed",
        stable_months=5.9,
    ),
    _transplant(
        "primary_6",
        "Primary removed exactly 6 months ago",
        "+++++",
        "at least 6 months before",
        primary_resected_months=6,
    ),
    _transplant(
        "primary_5",
        "Primary removed 5 months ago",
        "+-+++",
        "at least 6 months before in ENETS",
        primary_resected_months=5,
    ),
    _transplant(
        "primary_in_place",
        "Primary in place",
        "-----",
        "primary removed",
        primary_status="resectable",
        primary_resected_months=None,
    ),
    _transplant(
        "rectum",
        "Primary in the rectum, drainage not told",
        "-+??+",
        "distal stomach to sigmoid in Milan (this project's reading); portal drainage is open",
        primary_site="rectum",
    ),
    _transplant(
        "lung",
        "Primary in the lung",
        "-+--+",
        "portal drainage where it is listed",
        primary_site="lung",
    ),
    _transplant("ki67_10", "Ki-67 10 %", "+++++", "at most 10 % in ENETS", ki67_percent=10),
    _transplant("ki67_11", "Ki-67 11 %", "+-+++", "at most 10 % in ENETS", ki67_percent=11),
    _transplant(
        "g3",
        "G3, Ki-67 30 %",
        "---++",
        "G1/G2 where it is listed",
        grade="G3",
        ki67_percent=30,
    ),
    _transplant(
        "mortality",
        "Expected mortality 10 %",
        "++-++",
        "mortality below 10 % in the minimal list",
        expected_mortality_percent=10,
    ),
    _transplant(
        "bilirubin", "Bilirubin not low", "+-+++", "low bilirubin in ENETS", low_bilirubin=False
    ),
    _transplant(
        "elsewhere",
        "Little disease elsewhere",
        "-----",
        "no extrahepatic disease, deposits removed",
        extrahepatic_disease="minimal",
    ),
    _transplant(
        "not_listed",
        "Not listed by a centre",
        "++++-",
        "suitable, on a list, in van Vilsteren's",
        on_transplant_list=False,
    ),
    _transplant(
        "histology",
        "No histology",
        "-+++-",
        "histology in Milan and van Vilsteren's",
        histology_confirmed=False,
    ),
    _transplant(
        "staging",
        "No optimised staging",
        "+-+++",
        "disease elsewhere excluded by optimised staging in ENETS",
        optimised_staging=False,
    ),
    _transplant(
        "predictors",
        "45 years old, pancreatic primary, exenteration with the transplant",
        "+++++",
        more=(
            _says("transplant.predictor.age_50", MET, "G: age below 50"),
            _says("transplant.predictor.age_45", MET, "M, ELTR: age above 45 against"),
            _says("transplant.predictor.primary_site", NOT_MET, "G: duodenum or pancreas against"),
            _says("transplant.predictor.exenteration", NOT_MET, "G: exenteration against"),
            _says("transplant.predictor.resection", NOT_MET, "M, ELTR: any resection against"),
            _says("transplant.predictor.french_registry", NOT_MET, "G: more than one poor factor"),
        ),
        age=45.0,
        primary_site="pancreas",
        upper_abdominal_exenteration=True,
    ),
    _transplant(
        "predictors_silent",
        "50 years old, gastric primary, no exenteration",
        "+++++",
        more=(
            _says("transplant.predictor.age_50", NOT_MET, "G: age below 50"),
            _says("transplant.predictor.age_45", NOT_MET, "M, ELTR: age above 45 against"),
            _says("transplant.predictor.primary_site", NO_EVIDENCE, "G: says nothing of stomach"),
            _says("transplant.predictor.exenteration", MET, "G: exenteration against"),
            _says("transplant.predictor.french_registry", MET, "G: at most one poor factor"),
        ),
        primary_site="stomach",
        upper_abdominal_exenteration=False,
    ),
)

CASES: tuple[WorkedCase, ...] = (
    *NAMED,
    *RULED_OUT,
    *DECOMPENSATED,
    *PATTERNS,
    *LOCAL,
    *DEBULKING,
    *TRANSPLANT,
)
