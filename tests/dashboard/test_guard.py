import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from dashboard.guard import HEADERS, POLICY, guarded


@pytest.fixture
def client() -> TestClient:
    own = {"Referrer-Policy": "no-referrer"}
    pages = [
        Route("/plain", lambda request: PlainTextResponse("here")),
        Route("/own", lambda request: PlainTextResponse("here", headers=own)),
    ]
    return TestClient(Starlette(routes=pages, middleware=guarded()))


@pytest.mark.parametrize("path", ["/plain", "/none"])
def test_every_answer_has_the_headers_also_what_is_not_found(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert {name: answer.headers[name] for name in HEADERS} == dict(HEADERS)


def test_a_header_that_an_answer_has_stays(client: TestClient) -> None:
    assert client.get("/own").headers["referrer-policy"] == "no-referrer"


def test_the_policy_names_no_other_server() -> None:
    sources = {word for rule in POLICY.split("; ") for word in rule.split()[1:]}
    assert sources == {
        *("'self'", "'none'", "'unsafe-inline'", "'unsafe-eval'", "data:", "blob:"),
    }
