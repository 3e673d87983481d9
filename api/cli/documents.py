"""The commands of `daybook documents`, with their options, and how a manifest is checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.exits import Exit
from api.cli.options import Json, example
from api.cli.terminal import Terminal, answering

if TYPE_CHECKING:
    from graphql import GraphQLError

app = typer.Typer(no_args_is_help=True, help="Keep the trusted documents of front ends.")


@app.callback()
def documents() -> None:
    """Keep the trusted documents of front ends."""


@app.command(epilog=example("daybook documents check persisted-documents.json"))
def check(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Manifests, as Apollo's tools, Relay or graphql-codegen write them."),
    ],
    json: Json = False,
) -> None:
    """Tell every document of some manifests that the schema does not carry out, and uses of what is deprecated."""
    terminal = Terminal(json=json)
    with answering(terminal):
        raise typer.Exit(checked(terminal, files))


def checked(terminal: Terminal, files: list[Path]) -> Exit:
    """Answers; USAGE when a document would be refused. Raises: WrongSetting when a file is no manifest."""
    from api.http.documents import manifest_in

    manifests = [(path, manifest_in(path)) for path in files]
    wrong = False
    answers = []
    for path, manifest in manifests:
        found = [problem for name, text in manifest.items() for problem in _problems(name, text)]
        bad = {one["document"] for one in found if one["severity"] == "mistake"}
        wrong = wrong or bool(bad)
        answers.append({"file": str(path), "documents": len(manifest), "problems": found})
        for one in found:
            warning = "" if one["severity"] == "mistake" else "warning: "
            terminal.show(f"{path}: {one['document']}, line {one['line']}: {warning}{one['message']}")
        right = (
            f"{len(manifest)} documents; right." if not bad else f"{len(bad)} of {len(manifest)} documents are wrong."
        )
        terminal.show(f"{path}: {right}")
    terminal.answer({"files": answers})
    return Exit.USAGE if wrong else Exit.DONE


def _problems(name: str, text: str) -> list[dict[str, Any]]:
    """What is wrong with a document, measured and validated as the server does it."""
    from graphql import GraphQLError, NoDeprecatedCustomRule, validate

    from api.graphql.reading import read
    from api.graphql.schema import SCHEMA

    try:
        document = read(SCHEMA._schema, text)
    except GraphQLError as error:
        return [_problem(name, "mistake", error)]
    mistakes = [_problem(name, "mistake", error) for error in document.errors]
    deprecated = [] if mistakes else validate(SCHEMA._schema, document.node, [NoDeprecatedCustomRule])
    return mistakes + [_problem(name, "warning", error) for error in deprecated]


def _problem(name: str, severity: str, error: GraphQLError) -> dict[str, Any]:
    line = error.locations[0].line if error.locations else 1
    return {"document": name, "severity": severity, "line": line, "message": error.message}
