"""The pages, answered from the files themselves with the headers that CloudFront adds in AWS."""

import json
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import unquote, urlsplit

PREFIX = "/pages/"
EMBEDDABLE = "/pages/portal.html"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".json": "application/json"}


@dataclass(frozen=True, slots=True)
class Pages:
    """The folder that is served below `PREFIX`, its headers, and who may embed what is meant to be embedded."""

    folder: Path
    headers: Mapping[str, str]
    frame_ancestors: str

    @classmethod
    def of(cls, folder: Path, frame_ancestors: str) -> "Pages":
        return cls(folder, json.loads((folder / "headers.json").read_text()), frame_ancestors)

    def answer(self, method: bytes, target: bytes) -> bytes:
        """The whole answer to a GET or HEAD; nothing outside the folder is ever one."""
        path = urlsplit(unquote(target.decode("latin-1"))).path
        found = None if "\0" in path else self._file(path)
        if found is None:
            return _answer(HTTPStatus.NOT_FOUND, {"Content-Type": "text/plain; charset=utf-8"}, b"no such page")
        ancestors = self.frame_ancestors if path == EMBEDDABLE else "'none'"
        headers = {name: value.replace("{frame-ancestors}", ancestors) for name, value in self.headers.items()}
        kind = _TYPES.get(found.suffix) or mimetypes.guess_type(found.name)[0] or "application/octet-stream"
        content = found.read_bytes()
        return _answer(
            HTTPStatus.OK,
            {**headers, "Content-Type": f"{kind}; charset=utf-8"},
            content,
            is_told=method != b"HEAD",
        )

    def _file(self, path: str) -> Path | None:
        found = (self.folder / path.removeprefix(PREFIX)).resolve()
        return found if found.is_relative_to(self.folder.resolve()) and found.is_file() else None


def _answer(status: HTTPStatus, headers: Mapping[str, str], content: bytes, *, is_told: bool = True) -> bytes:
    lines = [f"HTTP/1.1 {int(status)} {status.phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    head = "\r\n".join([*lines, f"Content-Length: {len(content)}", "", ""]).encode("latin-1")
    return head + content if is_told else head
