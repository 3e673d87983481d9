"""A replay cannot write: what it is handed to read a book with leads to nothing that does, whichever way it goes."""

import ast
import inspect
import typing
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import replay
from ledger.append import Batch, Write
from ledger.attachments import Attachments
from ledger.committer import Committer
from ledger.database import Database
from ledger.keys import KeyRing
from ledger.ledger import Ledger
from ledger.recorder import LedgerFactory, LedgerRecorder
from replay.reader import Reader

WRITERS = (Attachments, Batch, Committer, Database, KeyRing, Ledger, LedgerFactory, LedgerRecorder, Write)
ROOM = Path(replay.__path__[0])
MODULES = [
    import_module(".".join((ROOM.name, *path.relative_to(ROOM).with_suffix("").parts)))
    for path in sorted(ROOM.rglob("*.py"))
    if path.stem != "__init__"
]


def named(annotation: Any) -> Iterator[type]:
    """Every class that an annotation names, at any depth."""
    for inner in typing.get_args(annotation):
        yield from named(inner)
    origin = typing.get_origin(annotation) or annotation
    if isinstance(origin, type):
        yield origin
    elif isinstance(annotation, list):  # the arguments of a callable
        for inner in annotation:
            yield from named(inner)


def handed_out(owner: type) -> Iterator[tuple[str, Any]]:
    """What instances of a class give to whoever has one: attributes, properties, and what methods give back."""
    yield from ((name, told) for name, told in typing.get_type_hints(owner).items() if not name.startswith("_"))
    for name, member in inspect.getmembers(owner):
        if name.startswith("_"):
            continue
        asked = member.fget if isinstance(member, property) else member
        if inspect.isfunction(asked):
            yield name, typing.get_type_hints(asked).get("return")


def test_nothing_that_a_reader_gives_out_can_write() -> None:
    told = dict(handed_out(Reader))
    assert {"book", "head", "histories", "receipts", "since", "standing", "time"} <= told.keys()
    astray = {name: found for name, found in told.items() if set(named(found)) & {*WRITERS}}
    assert astray == {}


def test_a_reader_itself_has_nothing_in_sight_but_what_it_reads(ledger: Ledger) -> None:
    reader = Reader(ledger)
    in_sight = {name: getattr(reader, name) for name in dir(reader) if not name.startswith("_")}
    assert {name for name, found in in_sight.items() if isinstance(found, WRITERS)} == set()
    assert {name for name, found in in_sight.items() if getattr(found, "__self__", reader) is not reader} == set()
    assert not hasattr(reader, "__dict__")


def test_the_functions_of_replay_take_a_reader_and_nothing_else_of_the_ledger() -> None:
    asked = 0
    for module in MODULES:
        for name, member in vars(module).items():
            if getattr(member, "__module__", None) != module.__name__ or module.__name__ == "replay.reader":
                continue
            functions = [member] if inspect.isfunction(member) else []
            if isinstance(member, type):
                functions = [each for _, each in inspect.getmembers(member, inspect.isfunction)]
                of_class = {each for told in typing.get_type_hints(member).values() for each in named(told)}
                assert not of_class & {*WRITERS}, f"{module.__name__}.{name} holds a writer"
            for function in functions:
                if function.__module__ != module.__name__:
                    continue
                asked += 1
                told = {each for hint in typing.get_type_hints(function).values() for each in named(hint)}
                assert not told & {*WRITERS}, f"{module.__name__}.{function.__qualname__} takes a writer"
    assert asked > 20
    assert {module.__name__ for module in MODULES} >= {"replay.fresh", "replay.export.exporting"}


def test_nothing_in_replay_reaches_into_a_reader() -> None:
    """Its one private name is the ledger's; nobody else says it."""
    reaching = [
        f"{module.__name__}:{node.lineno}"
        for module in MODULES
        if module.__name__ != "replay.reader"
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if (isinstance(node, ast.Attribute) and node.attr == "_ledger")
        or (isinstance(node, ast.Constant) and node.value == "_ledger")
    ]
    assert reaching == []
