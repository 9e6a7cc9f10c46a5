"""Why a folder could not be packed.

PackingError
├── UnreadableWorkspace    the folder, or a file of it, cannot be packed
│   └── NoFolder           there is no folder of that name, or it declares no jobs
├── EnvironmentFailed      no interpreter with the workspace's packages could be had
├── RequirementsFailed     the dependency files cannot be exported
└── ManifestFailed         the deployment module cannot be imported, or declares what may not be deployed
"""


class PackingError(Exception):
    """Nothing usable was packed; `detail` is text for the person who asked."""

    code = "packing_failed"

    def __init__(self, detail: str) -> None:
        self.detail = detail
        super().__init__(detail)


class UnreadableWorkspace(PackingError):
    """The folder, or a file of it, cannot be packed."""

    code = "unreadable_workspace"


class NoFolder(UnreadableWorkspace):
    """There is no folder of that name, or it declares no jobs."""

    code = "no_folder"


class EnvironmentFailed(PackingError):
    """No interpreter with the workspace's packages could be found or built."""

    code = "environment_failed"


class RequirementsFailed(PackingError):
    """The workspace's dependency files cannot be exported: a lock out of date, a package that does not exist."""

    code = "requirements_failed"


class ManifestFailed(PackingError):
    """The deployment module cannot be imported, or declares jobs that may not be deployed."""

    code = "manifest_failed"
