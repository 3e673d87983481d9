"""A front end without a screen: it sends GraphQL to the application, and reads what comes back."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI
from strawberry.utils.str_converters import to_camel_case

from api.graphql.mutations import MUTATIONS

SUBJECTS = {to_camel_case(mutation.name): mutation.subject.name for mutation in MUTATIONS}
"""What each mutation changes, by its name in the schema."""
PLACE = "http://127.0.0.1:8000"
Answer = dict[str, Any]


class FrontEnd:
    """Asks an application that runs on an event loop of its own."""

    def __init__(self, portal: BlockingPortal, client: httpx.AsyncClient) -> None:
        self.portal = portal
        self.client = client

    def send(self, query: str, headers: Mapping[str, str] | None = None, **variables: Any) -> httpx.Response:
        """The whole response to a document."""
        return self.posted({"query": query, "variables": variables}, headers)

    def posted(self, body: Any, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """The whole response to a body."""
        return self.portal.call(lambda: self.client.post("/graphql", json=body, headers=headers))

    def sent(self, content: bytes, content_type: str = "application/json") -> httpx.Response:
        """The whole response to a body as it is."""
        headers = {"Content-Type": content_type}
        return self.portal.call(lambda: self.client.post("/graphql", content=content, headers=headers))

    def got(self, place: str, **options: Any) -> httpx.Response:
        """The whole response to a GET."""
        return self.portal.call(lambda: self.client.get(place, **options))

    def ask(self, query: str, **variables: Any) -> Answer:
        """The data of an answer without errors."""
        answer = self.send(query, **variables).json()
        assert "errors" not in answer, answer["errors"]
        data: Answer = answer["data"]
        return data

    def errors(self, query: str, **variables: Any) -> list[Answer]:
        """The top-level errors of an answer."""
        errors: list[Answer] = self.send(query, **variables).json()["errors"]
        return errors

    def code(self, query: str, **variables: Any) -> str:
        """The code of the only top-level error."""
        (error,) = self.errors(query, **variables)
        code: str = error["extensions"]["code"]
        return code

    def change(self, mutation: str, shown: str = "id", **asked: Any) -> Answer:
        """The payload of a mutation, whatever came of it; a command id is made up unless given."""
        pascal = mutation[0].upper() + mutation[1:]
        subject = SUBJECTS[mutation]
        document = f"""
        mutation Change($input: {pascal}Input!) {{
          {mutation}(input: $input) {{
            {subject} {{ {shown} }}
            userErrors {{ code field params message }}
            consistencyToken
          }}
        }}
        """
        payload: Answer = self.ask(document, input={"commandId": str(uuid4()), **asked})[mutation]
        return payload

    def done(self, mutation: str, shown: str = "id", **asked: Any) -> Answer:
        """The object that a mutation changed, as the payload shows it."""
        payload = self.change(mutation, shown, **asked)
        assert payload["userErrors"] == []
        subject: Answer = payload[SUBJECTS[mutation]]
        return subject

    def objections(self, mutation: str, **asked: Any) -> list[tuple[str, list[str] | None]]:
        """The codes with which a mutation was not done, and the fields at fault."""
        return [(error["code"], error["field"]) for error in self.change(mutation, **asked)["userErrors"]]


@contextmanager
def asking(app: FastAPI) -> Iterator[FrontEnd]:
    """A front end of a running application, whose lifespan begins and ends with it."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(app.router.lifespan_context(app)):
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=PLACE)
        with portal.wrap_async_context_manager(client):
            yield FrontEnd(portal, client)
