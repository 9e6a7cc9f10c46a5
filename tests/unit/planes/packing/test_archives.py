"""Names of profiles in a configuration archive."""

from planes.packing.archives import PackedFile, profiles_of


def test_profiles_are_read_from_file_names() -> None:
    names = (
        "config.toml",
        "secrets.toml",
        "prod.config.toml",
        "prod.secrets.toml",
        "a.b.config.toml",
        "access.secrets.toml",
    )

    assert profiles_of(tuple(PackedFile(path=name, size_bytes=1) for name in names)) == ("a.b", "access", "prod")
