"""The archive in its bucket, for who may destroy what is in it."""

from datetime import datetime

from meterhouse.metering.archive import MANIFESTS, Manifest
from meterhouse.metering.s3_archive import S3Archive


class S3ArchiveEraser(S3Archive):
    def forget_before(self, manifest: Manifest, settled: datetime) -> int:
        """Destroy what of the hour this manifest does not name; how many files that were.

        Files that no manifest names are those of a run that died, unless they are younger than `settled`.

        Raises:
            InvariantBroken: a manifest is not readable.
            Unavailable: S3 does not answer.
        """
        of, kept = manifest.of, {archived.key for archived in manifest.pages}
        earlier = [key for key in self.bucket.keys(f"{MANIFESTS}{of.folder}") if key < manifest.key]
        named = {archived.key for key in earlier for archived in self.manifest(key).pages}
        files = [key for key, at in self.bucket.written(of.folder) if key in named or at < settled]
        gone = [key for key in files if key not in kept]
        # the manifests last: who dies before finds what they name again
        for key in (*gone, *earlier):
            self.bucket.destroy(key)
        return len(gone)
