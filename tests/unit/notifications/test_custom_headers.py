import pytest

from meterhouse.notifications.custom_headers import LONGEST, MOST, header_problems


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("Authorization", "Bearer x y\tz", None),
        ("X-Own", "", None),
        ("Cookie", "a=b", None),
        ("webhook-id", "x", "header_reserved"),
        ("Webhook-Signature", "x", "header_reserved"),
        ("hOST", "x", "header_reserved"),
        ("Content-Length", "0", "header_reserved"),
        ("Content-Type", "text/plain", "header_reserved"),
        ("Transfer-Encoding", "chunked", "header_reserved"),
        ("Connection", "close", "header_reserved"),
        ("TE", "trailers", "header_reserved"),
        ("Upgrade", "h2c", "header_reserved"),
        ("Proxy-Authorization", "x", "header_reserved"),
        ("X-Forwarded-For", "x", "header_reserved"),
        ("User-Agent", "x", "header_reserved"),
        ("", "x", "header_name"),
        ("X Own", "x", "header_name"),
        ("X-Own:", "x", "header_name"),
        ("X-Own\r\nHost", "x", "header_name"),
        ("X-Öwn", "x", "header_name"),
        ("X-Own", "x\r\nHost: y", "header_value"),
        ("X-Own", "x\ny", "header_value"),
        ("X-Own", "x\0", "header_value"),
        ("X-Own", " x", "header_value"),
        ("X-Own", "ü", "header_value"),
        ("X-Own", "x" * 5000, "header_value"),
    ],
)
def test_headers_that_would_take_our_place_or_make_another_request_are_refused(
    name: str, value: str, code: str | None
) -> None:
    assert [problem.code for problem in header_problems({name: value}, "/customHeaders")] == ([code] if code else [])


def test_all_faults_are_told_at_once_each_where_it_is() -> None:
    headers = {"a/b~c": "\n", "X-Own": "1", "x-own": "2"}
    problems = [(one.field, one.code) for one in header_problems(headers, "/customHeaders")]
    assert problems == [
        ("/customHeaders/a~1b~0c", "header_name"),
        ("/customHeaders/a~1b~0c", "header_value"),
        ("/customHeaders/x-own", "header_twice"),
    ]
    many = {f"X-{number}": "1" for number in range(MOST + 1)}
    assert [one.field for one in header_problems(many, "/h")] == ["/h"]
    long = {"X-A": "1" * LONGEST, "X-B": "1" * LONGEST}
    assert [(one.field, one.code) for one in header_problems(long, "/h")] == [("/h", "headers_too_long")]
