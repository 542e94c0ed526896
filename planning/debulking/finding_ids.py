"""Ids of the findings on plans that no source has."""

TARGET_PREFIX = "debulking.target_"
"""Before the percentage of a target that the user chose."""
LIMITS_ID = "plan.limits"
ABLATION_SIZE_ID = "plan.ablation_size"
UNCONFIRMED_ID = "plan.unconfirmed_lesions"
UNCONFIRMED_IN_RESECTION_ID = "lesions.unconfirmed"
