from tests.contract.reference import PAGE, reference


def test_the_page_of_the_api_tells_the_routes_as_they_are() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), "make reference"
