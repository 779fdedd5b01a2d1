"""Every alarm has its page and every page its alarm; what the pages say to type exists."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import typer.main
from botocore import xform_name

from infra.flags import ContextError
from infra.settings import read_settings
from meterhouse.cli.app import app
from tests.infra.templates import ROOT, Synthesis

RUNBOOKS = ROOT / "docs" / "runbooks"
PAGES = sorted(path for path in RUNBOOKS.glob("*.md") if "\nAlarms: " in path.read_text())
"""The others tell how something is done that no alarm asks for."""
LINK = re.compile(r"What to do: (\S+)/([a-z-]+)\.md$")
SECTIONS = ["What it means", "What to look at", "How to mend it", "How to know it is over"]
OF_THE_CLI_ALONE = {("logs", "tail"), ("s3", "cp"), ("configure", "export-credentials")}
"""No operation of a service: a command that `aws` makes of several."""
READ = sorted([*(path for path in ROOT.glob("docs/**/*.md") if "adr" not in path.parts), ROOT / "README.md"])
"""All pages that say what to type."""
FLAG = re.compile(r"-c ([A-Za-z]+)=([^\s\"`]*)")


def described(synthesis: Synthesis) -> Iterator[tuple[str, str]]:
    """Where and which page each alarm names."""
    for kind in ("AWS::CloudWatch::Alarm",):
        for alarm in synthesis.all(kind).values():
            found = LINK.search(alarm["Properties"]["AlarmDescription"])
            assert found, alarm["Properties"]["AlarmName"]
            yield found[1], found[2]


def test_every_alarm_names_a_page_and_every_page_is_named(aws: Synthesis) -> None:
    told = set(described(aws))

    assert {folder for folder, _ in told} == {"docs/runbooks"}
    assert {page for _, page in told} == {path.stem for path in PAGES}


def test_an_account_may_show_the_pages_where_it_wants(aws_with_every_option: Synthesis) -> None:
    told = {folder for folder, page in described(aws_with_every_option) if page != "shift"}

    assert told == {"https://runbooks.example.com/meterhouse"}


def test_an_invoice_run_is_over_once_a_named_one_succeeds() -> None:
    """What the scheduler starts succeeds whatever becomes of the run (ADR 0080)."""
    over = (RUNBOOKS / "invoice-run.md").read_text().partition("## How to know it is over")[2]

    assert "The next execution named `run-…` succeeds." in over


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_a_page_says_what_it_means_what_to_look_at_how_to_mend_it_and_when_it_is_over(page: Path) -> None:
    text = page.read_text()

    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    assert "```console" in text
    for target in re.findall(r"\]\(([a-z-]+\.md)\)", text):
        assert (RUNBOOKS / target).is_file(), target


def commands() -> Iterator[tuple[str, list[str]]]:
    """Each command of ours and of AWS that a page says to type."""
    for page in READ:
        shown = re.findall(r"```console\n(.*?)```", page.read_text(), re.DOTALL)
        inline = re.findall(r"`((?:meterhouse|aws) [^`]+)`", page.read_text())
        for text in [*shown, *inline]:
            for found in re.findall(r"(?:^|\$\()((?:meterhouse|aws) [^\n|$)]+)", text, re.MULTILINE):
                yield page.stem, found.split()


def test_commands_of_ours_are_those_the_command_line_has() -> None:
    root = typer.main.get_command(app)
    ours = [(page, words[1:]) for page, words in commands() if words[0] == "meterhouse"]

    assert len(ours) > 8
    for page, words in ours:
        command: Any = root
        named = [word for word in words if not word.startswith("-")]
        while hasattr(command, "commands"):
            assert named, (page, words)
            name = named.pop(0)
            assert name in command.commands, (page, words)
            command = command.commands[name]
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options | {"--json"}, (page, words)


def test_flags_of_the_deployment_that_a_page_says_to_give_are_there() -> None:
    lines = [(page.stem, line) for page in READ for line in page.read_text().splitlines()]
    given = {(page, flag, value) for page, line in lines for flag, value in FLAG.findall(line)}

    assert len(given) > 10
    for page, flag, value in given:
        try:
            read_settings({flag: value})
        except ContextError as error:
            wrong = [fault for fault in error.faults if "unknown" in fault or f"{flag} is '" in fault]
            assert not wrong, (page, wrong)


def test_commands_of_aws_are_operations_of_its_services() -> None:
    session = botocore.session.get_session()
    theirs = {(words[1], words[2]) for _, words in commands() if words[0] == "aws"} - OF_THE_CLI_ALONE

    assert len(theirs) > 10
    for service, operation in theirs:
        model = session.get_service_model("codedeploy" if service == "deploy" else service)
        assert operation in {xform_name(name, "-") for name in model.operation_names}, (service, operation)


def test_the_alarms_that_take_code_back_watch_what_is_live(aws: Synthesis) -> None:
    from infra.gradual import ALIAS  # noqa: PLC0415 - loads the CDK

    shifted = [
        alarm["Properties"]
        for alarm in aws.all("AWS::CloudWatch::Alarm").values()
        if alarm["Properties"]["AlarmName"].startswith("meterhouse-shift-")
    ]

    groups = aws.all("AWS::CodeDeploy::DeploymentGroup")
    assert len(shifted) == len(groups) == len(aws.all("AWS::Lambda::Alias"))
    for alarm in shifted:
        (resource,) = [one["Value"] for one in alarm["Dimensions"] if one["Name"] == "Resource"]
        assert str(resource).endswith(f":{ALIAS}']]}}")
