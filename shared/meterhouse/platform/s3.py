"""Amazon S3 as a place for what is written once."""

import hashlib
from collections.abc import Iterator
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
        """All keys that begin so, in their order, a thousand at a time.

        Raises:
            Unavailable: S3 does not answer, or refuses.
        """
        after = ""
        while True:
            asked = {"list-type": "2", "prefix": prefix} | ({"start-after": after} if after else {})
            answer = self._send("GET", "", {}, query=asked)
            if answer.status != HTTPStatus.OK:
                raise Unavailable(f"S3 answered {answer.status} to a list")
            listed = ET.fromstring(answer.body)  # noqa: S314 - S3's own answer
            found = [key.text or "" for key in listed.iterfind("{*}Contents/{*}Key")]
            yield from found
            if not found or listed.findtext("{*}IsTruncated") != "true":
                return
            after = found[-1]

    def _send(
        self, method: str, key: str, headers: dict[str, str], body: bytes = b"", query: dict[str, str] | None = None
    ) -> aws.Answer:
        bucket, path = required(self._variable), f"/{quote(key, safe='/-_.~')}"
        if "AWS_ENDPOINT_URL" in environ:
            # an emulator has one address for all buckets
            path = f"/{bucket}{path}"
        hashed = {**headers, "x-amz-content-sha256": hashlib.sha256(body).hexdigest()}
        return aws.send(aws.endpoint(f"{bucket}.s3"), "s3", method, path, hashed, body, query)
