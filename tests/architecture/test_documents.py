"""The documents are true where a machine can tell: commands, flags, settings, links, and the index."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from dbgate.cli.main import main as operators
from dbgate.config.options import OPTIONS
from dbgate.dashboard.main import main as dashboard
from dbgate.workers.demo import how_to_go_on
from dbgate.workers.main import main as server
from tests.architecture.source import PROJECT

DOCUMENTS = sorted([*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md")])
COMMANDS: dict[str, click.Command] = {
    "dbgate": server,
    "dbgate-cli": operators,
    "dbgate-dashboard": dashboard,
}
_VARIABLE = r"\bDBGATE_[A-Z_]+[A-Z]\b"
_READ = re.compile(r"environ(?:\.get\(|\[)\s*\"(DBGATE_[A-Z_]+)\"")
# one process of a test or of a benchmark tells it to another; nobody sets it by hand
_INTERNAL = {"DBGATE_CHAOS_CLOCK", "DBGATE_TEST_PLAIN"}


def read_by_tests() -> set[str]:
    """The variables that somebody who runs the tests can set."""
    files = (PROJECT / "tests").rglob("*.py")
    return {name for path in files for name in _READ.findall(path.read_text())} - _INTERNAL


def elsewhere() -> set[str]:
    """The variables of ./run, the scripts and the benchmarks, those that open a gateway elsewhere, and the one that names the file of settings."""
    files = [PROJECT / "run", PROJECT / "hatch_build.py", PROJECT / "src/dbgate/workers/main.py"]
    files.append(PROJECT / "src/dbgate/control/access.py")
    files += [path for path in (PROJECT / "scripts").iterdir() if path.is_file()]
    files += (PROJECT / "benchmarks").rglob("*.py")
    return {name for path in files for name in re.findall(_VARIABLE, path.read_text())}


def code(path: Path) -> str:
    """The parts of a document that are code: blocks and `spans`."""
    text = path.read_text()
    blocks = re.findall(r"^```[a-z]*\n(.*?)^```", text, re.S | re.M)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M))
    return "\n".join([*blocks, *spans])


def walk(command: click.Command, words: list[str]) -> tuple[click.Command, list[str]]:
    """The subcommand that the words name, and the words that are left."""
    while words and isinstance(command, click.Group):
        found = command.get_command(click.Context(command), words[0])
        if found is None:
            break
        command, words = found, words[1:]
    return command, words


def wrong_use(line: str) -> str:
    """Why a documented command line does not fit the command, "" where it does."""
    words = line.split()
    command, rest = walk(COMMANDS[words[0]], words[1:])
    known = {name for one in command.params for name in (*one.opts, *one.secondary_opts)} | {"--help", "-h"}
    if isinstance(command, click.Group) and rest and re.fullmatch(r"[a-z][a-z-]+", rest[0]):
        return f"no command {rest[0]!r}"
    if command.name == "demo":  # it reads its own options
        known |= {"--once", "--sample"}
    flags = [word.partition("=")[0] for word in rest if re.fullmatch(r"--?[a-z][a-z-]*(=.*)?", word)]
    unknown = [flag for flag in flags if flag not in known]
    return f"no option {unknown[0]}" if unknown else ""


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_documented_commands_exist(path: Path) -> None:
    wrong = []
    for line in re.findall(
        r"(?:^|[\s$(])((?:dbgate|dbgate-cli|dbgate-dashboard) [a-z-][^\n|;&#)]*)", code(path), re.M
    ):
        reason = wrong_use(line)
        if reason:
            wrong.append(f"{line.strip()}: {reason}")
    assert not wrong, "\n".join(wrong)


def test_what_the_demo_proposes_exists() -> None:
    text = how_to_go_on(Path("/tmp/demo"), 13306, 13307)
    lines = re.findall(r"(dbgate-cli [a-z].*?)(?:  |$)", text, re.M)
    assert len(lines) == 3
    assert [wrong_use(line) for line in lines] == ["", "", ""]


def test_a_wrong_command_is_noticed() -> None:
    assert wrong_use("dbgate-cli stats --watch") == ""
    assert wrong_use("dbgate serve --listen 1") == ""
    assert wrong_use("dbgate-cli statistics") == "no command 'statistics'"
    assert wrong_use("dbgate-cli stats --wach") == "no option --wach"
    assert wrong_use("dbgate serv") == "no command 'serv'"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_documented_variables_exist(path: Path) -> None:
    known = {option.variable for option in OPTIONS} | elsewhere() | read_by_tests()
    assert set(re.findall(_VARIABLE, path.read_text())) - known == set()


def test_the_variables_of_the_tests_are_documented() -> None:
    read = read_by_tests() - {option.variable for option in OPTIONS}
    assert "DBGATE_CORPUS" in read
    assert read - set(re.findall(_VARIABLE, (PROJECT / "CONTRIBUTING.md").read_text())) == set()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_links_lead_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", path.read_text())
    assert [target for target in targets if not (path.parent / target).exists()] == []


def anchors(path: Path) -> set[str]:
    """The headings of a document, as links name them."""
    heads = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", path.read_text(), flags=re.S | re.M), re.M)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_links_name_headings_that_exist(path: Path) -> None:
    missing = []
    for target, anchor in re.findall(r"\]\((?!https?:|mailto:)([^)#]*)#([^)]+)\)", path.read_text()):
        if anchor not in anchors(path.parent / target if target else path):
            missing.append(f"{target}#{anchor}")
    assert missing == []


def test_every_setting_is_documented() -> None:
    text = (PROJECT / "docs" / "configuration.md").read_text()
    assert [option.name for option in OPTIONS if f"`{option.name}`" not in text] == []


def test_the_index_names_every_page() -> None:
    index = (PROJECT / "docs" / "README.md").read_text()
    pages = [path for path in (PROJECT / "docs").glob("*.md") if path.name != "README.md"]
    assert [
        str(p.relative_to(PROJECT / "docs"))
        for p in pages
        if f"({p.relative_to(PROJECT / 'docs')})" not in index
    ] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_named_files_exist(path: Path) -> None:
    named = re.findall(
        r"\b((?:src|tests|docs|scripts|config|benchmarks)/[\w./-]+\.(?:py|md|yaml|yml|sh))\b",
        path.read_text(),
    )
    assert [name for name in named if not (PROJECT / name).exists()] == []
