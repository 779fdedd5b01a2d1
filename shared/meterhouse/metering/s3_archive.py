"""The archive in its bucket."""

from collections.abc import Iterator

from meterhouse.kernel.errors import InvariantBroken
from meterhouse.metering.archive import MANIFESTS, ArchivedPage, Manifest, is_sound, latest, read, written
from meterhouse.platform.s3 import S3Bucket

BUCKET = "ARCHIVE_BUCKET"
_PARQUET, _JSON = "application/vnd.apache.parquet", "application/json"


def archive_bucket() -> S3Bucket:
    return S3Bucket(BUCKET)


class S3Archive:
    def __init__(self) -> None:
        self.bucket = archive_bucket()

    def put(self, archived: ArchivedPage, parquet: bytes) -> None:
        self.bucket.put_new(archived.key, parquet, _PARQUET)

    def publish(self, manifest: Manifest) -> Manifest:
        if self.bucket.put_new(manifest.key, written(manifest), _JSON):
            return manifest
        return self.manifest(manifest.key)

    def manifests(self, folder: str = "") -> Iterator[str]:
        """Keys of the latest manifests of all hours, or of those below this folder."""
        yield from latest(list(self.bucket.keys(f"{MANIFESTS}{folder}")))

    def manifest(self, key: str) -> Manifest:
        """The manifest of this key.

        Raises:
            InvariantBroken: it is not there, or not readable.
            Unavailable: S3 does not answer.
        """
        document = self.bucket.get(key)
        try:
            return read(document or b"")
        except (ValueError, KeyError, TypeError) as error:
            raise InvariantBroken(f"the archive's {key} is no manifest") from error

    def parquet(self, archived: ArchivedPage) -> bytes:
        """The page's file.

        Raises:
            InvariantBroken: it is not there, or holds other bytes than were archived.
            Unavailable: S3 does not answer.
        """
        found = self.bucket.get(archived.key)
        if found is None or not is_sound(archived, found):
            raise InvariantBroken(f"the archive's {archived.key} is not what was archived")
        return found
