"""`docs/access.md`, made of the table of routes and scopes: `python -m tests.contract.access_page` writes it."""

from pathlib import Path

from meterhouse.platform.access import OPEN, PORTAL, missing_scope, roles, route_scopes

PAGE = Path(__file__).parents[2] / "docs" / "access.md"
YES = "yes"
_ABOUT = """# Who may do what

Made from `shared/meterhouse/platform/route_scopes.txt` by `python -m tests.contract.access_page`; a test keeps it true.

An API key carries a role or scopes one by one (`POST /api/v1/api-keys`, `meterhouse keys create`), a person's token
[a role](people.md). Every function asks the table at its edge before anything else, and what stands in no table is open
to owners alone. Who lacks a scope is answered 403 with `code` `missing_scope` and the `scope` that would open the
route. Nobody makes, or learns the secret of, a key that can do more than the credential that asks for it. The reasons:
[ADR 0040](adr/0040-who-may-do-what.md), [ADR 0060](adr/0060-people-by-tokens.md).
"""


def page() -> str:
    names = list(roles())
    head = f"| route | scope | {' | '.join(names)} |\n|{'---|' * (len(names) + 2)}\n"
    table = "".join(
        _line(route, scope, names) for route, scope in route_scopes().items() if scope not in {OPEN, PORTAL}
    )
    return f"{_ABOUT}\n## Routes\n\n{head}{table}{_others()}"


def _line(route: str, scope: str, names: list[str]) -> str:
    cells = (YES if missing_scope(route, roles()[name]) is None else "" for name in names)
    return f"| `{route}` | {scope} | {' | '.join(cells)} |\n"


def _others() -> str:
    def listed(kind: str) -> str:
        return "".join(f"- `{route}`\n" for route, scope in route_scopes().items() if scope == kind)

    return f"\n## Opened by portal tokens alone\n\n{listed(PORTAL)}\n## Open\n\n{listed(OPEN)}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
