"""`daybook project`: its options, and what may be said together."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.book_progress import Shown
from api.cli.options import Json, SingleRole
from api.cli.terminal import Terminal, answering


def project(
    views: Annotated[
        list[str] | None,
        typer.Argument(metavar="[VIEW]...", help="The views that --rebuild or --discard is about; by default all."),
    ] = None,
    anew: Annotated[
        bool,
        typer.Option(
            "--rebuild",
            help="Build views anew beside the live ones, of all books, and compare. Broken off, it goes on from where "
            "it was when it is asked for again.",
        ),
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            min=1,
            max=256,
            help="So many books at once, each in a process of its own. By default as many as there are processors, "
            "and small books one after the other.",
        ),
    ] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="With --rebuild: throw away what was begun, and begin again.")
    ] = False,
    discard: Annotated[
        bool, typer.Option("--discard", help="Throw away what --rebuild began and did not finish, and leave.")
    ] = False,
    shown: Annotated[
        Shown,
        typer.Option(
            "--progress",
            help="How progress is told on standard error: bars on a terminal and lines elsewhere, always lines, lines "
            "of JSON, or not at all.",
        ),
    ] = Shown.AUTO,
    follow: Annotated[bool, typer.Option("--follow", help="Keep them up to date until Ctrl-C.")] = False,
    book: Annotated[str | None, typer.Option("--book", help="One book; by default all of them.")] = None,
    single_role: SingleRole = False,
    json: Json = False,
) -> None:
    """Bring the views of all books up to date."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import projecting, rebuilding
        from api.settings import Settings, WrongSetting
        from api.workspace import Workspace

        if views and not (anew or discard):
            raise WrongSetting("VIEW is named to be built anew: say --rebuild as well, or leave it out.")
        if discard and (anew or follow):
            raise WrongSetting("--discard throws away and leaves: say it by itself.")
        if (restart or jobs) and not anew:
            raise WrongSetting("--jobs and --restart are about --rebuild: say that as well, or leave them out.")
        wanted = projecting.views_called(views or ()) if anew or discard else ()
        settings = Settings.from_environment()
        with Workspace(settings, book=book, writes=True, single_role=single_role, told=terminal.say) as workspace:
            if discard:
                raise typer.Exit(rebuilding.thrown_away(workspace, terminal, wanted))
            end = projecting.run(
                workspace, terminal, one_book=book is not None, anew=wanted, follow=follow,
                jobs=jobs, restart=restart, shown=shown,
            )  # fmt: skip
        raise typer.Exit(end)
