"""Amazon S3 as a place for what is written once."""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from http import HTTPStatus
from os import environ
from urllib.parse import quote
from xml.etree import ElementTree as ET

from meterhouse.kernel.errors import Unavailable
from meterhouse.platform import aws
from meterhouse.platform.settings import required


class S3Bucket:
    """The bucket whose name is in an environment variable."""

    def __init__(self, variable: str) -> None:
        self._variable = variable

    def get(self, key: str) -> bytes | None:
        """What is there; None: nothing.

        Raises:
            Unavailable: S3 does not answer, or refuses.
        """
        answer = self._send("GET", key, {})
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        if answer.status != HTTPStatus.OK:
            raise Unavailable(f"S3 answered {answer.status} to a GET")
        return answer.body

    def put_new(self, key: str, body: bytes, content_type: str) -> bool:
        """Write what was never written; False: something is there already, and stays as it is.

        Raises:
            Unavailable: S3 does not answer, refuses, or somebody writes there at this moment.
        """
        answer = self._send("PUT", key, {"content-type": content_type, "if-none-match": "*"}, body)
        if answer.status == HTTPStatus.PRECONDITION_FAILED:
            return False
        if answer.status != HTTPStatus.OK:
            raise Unavailable(f"S3 answered {answer.status} to a PUT")
        return True

    def keys(self, prefix: str) -> Iterator[str]:
        """All keys that begin so, in their order; raises as `written`."""
        return (key for key, _ in self.written(prefix))

    def written(self, prefix: str) -> Iterator[tuple[str, datetime]]:
        """All keys that begin so, in their order, a thousand at a time, each with when it was written.

        Raises:
            Unavailable: S3 does not answer, or refuses.
        """
        after = ""
        while True:
            listed = self._list({"list-type": "2", "prefix": prefix} | ({"start-after": after} if after else {}))
            for one in listed.iterfind("{*}Contents"):
                after = one.findtext("{*}Key") or ""
                yield after, datetime.fromisoformat(one.findtext("{*}LastModified") or "")
            if listed.findtext("{*}IsTruncated") != "true":
                return

    def destroy(self, key: str) -> None:
        """Delete an object with all its versions, and what says that it was deleted; what is gone already stays so.

        Raises:
            Unavailable: S3 does not answer, or refuses.
        """
        while found := self._versions(key):
            for version in found:
                answer = self._send("DELETE", key, {}, query={"versionId": version})
                if answer.status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND):
                    raise Unavailable(f"S3 answered {answer.status} to a DELETE")

    def _versions(self, key: str) -> list[str]:
        listed = self._list({"versions": "", "prefix": key})
        every = (*listed.iterfind("{*}Version"), *listed.iterfind("{*}DeleteMarker"))
        return [one.findtext("{*}VersionId") or "null" for one in every if one.findtext("{*}Key") == key]

    def _list(self, asked: dict[str, str]) -> ET.Element:
        answer = self._send("GET", "", {}, query=asked)
        if answer.status != HTTPStatus.OK:
            raise Unavailable(f"S3 answered {answer.status} to a list")
        return ET.fromstring(answer.body)  # noqa: S314 - S3's own answer

    def _send(
        self, method: str, key: str, headers: dict[str, str], body: bytes = b"", query: dict[str, str] | None = None
    ) -> aws.Answer:
        bucket, path = required(self._variable), f"/{quote(key, safe='/-_.~')}"
        if "AWS_ENDPOINT_URL" in environ:
            # an emulator has one address for all buckets
            path = f"/{bucket}{path}"
        hashed = {**headers, "x-amz-content-sha256": hashlib.sha256(body).hexdigest()}
        return aws.send(aws.endpoint(f"{bucket}.s3"), "s3", method, path, hashed, body, query)
