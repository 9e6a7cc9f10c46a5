"""What the fake region stores of an upload: its digest, computed as a region does."""

from __future__ import annotations

import base64
import io
import tarfile

import yaml

from planes.data_plane.services.uploads.archive_manifest import FileFact, content_hash_of


def digest_of(body: bytes, content_type: str) -> str:
    """Of the archive in the first part of a multipart body."""
    boundary = content_type.partition("boundary=")[2].encode()
    _, _, archive = body.split(b"--" + boundary)[1].partition(b"\r\n\r\n")
    with tarfile.open(fileobj=io.BytesIO(archive.removesuffix(b"\r\n")), mode="r|gz") as tar:
        for member in tar:
            if member.name == "manifest.yaml" and (content := tar.extractfile(member)) is not None:
                listed = yaml.safe_load(content.read())["files"]
                facts = [
                    FileFact(each["relative_path"], 0, base64.b64decode(each["sha3_256"]), None) for each in listed
                ]
                return content_hash_of(facts)
    raise AssertionError("an archive without a manifest")
