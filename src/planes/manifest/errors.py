"""What this package raises.

ManifestError
├── InvalidDefinition     job definitions that may not be deployed
├── InvalidTriggerForm    a trigger string that is no trigger
└── InvalidRequirements   a `requirements.json` that cannot be read
"""


class ManifestError(Exception):
    """A definition, trigger or requirements file is not what the contract says."""

    code = "manifest_error"


class InvalidDefinition(ManifestError):
    """The deployed definitions break a rule; nothing of them may be stored.

    `reasons` are whole sentences that name the place, never a rejected value of a field (BORDERS 10). Contract: 3.4.
    """

    code = "invalid_job_definition"

    def __init__(self, reasons: tuple[str, ...]) -> None:
        self.reasons = reasons
        super().__init__("The job definitions are not valid: " + "; ".join(reasons))


class InvalidTriggerForm(ManifestError):
    """A trigger string does not have the form `type:expression`. Contract: 1.7 (CreateJobRunRequest)."""

    code = "invalid_trigger"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        self.reasons: tuple[str, ...] = (reason,)
        super().__init__(f"The trigger is not valid: {reason}")


class InvalidRequirements(ManifestError):
    """A requirements file cannot be read or names what is not a package requirement. Contract: 3.3."""

    code = "invalid_requirements"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        self.reasons: tuple[str, ...] = (reason,)
        super().__init__(f"The requirements are not valid: {reason}")
