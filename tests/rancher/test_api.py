"""The client of Rancher's API, against answers that are not Rancher's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from components.rancher.api import Login, Rancher, RancherError, UnreachableRancherError
from components.rancher.endpoint import RancherEndpoint
from components.rancher.first_login import _change_password
from components.runtime.errors import ProviderError
from tests import pki
from tests.servers import ADDRESS, Request, Response, serve

HOST = "rancher.example.com"
SECRET = "token-abcde:s3cr3t-of-somebody"
PAGE = f"<html><script>session='{SECRET}'</script>Sign in</html>"


@pytest.fixture
def answers() -> list[Response]:
    return []


@pytest.fixture
def rancher(answers: list[Response]) -> Iterator[Rancher]:
    """A client of a server that gives the answers one after the other, the last one for ever."""
    root = pki.root()

    def answer(_: Request) -> Response:
        return answers.pop(0) if len(answers) > 1 else answers[0]

    with serve(answer, identity=pki.server(root, HOST)) as server:
        endpoint = RancherEndpoint(address=ADDRESS, port=server.port, hostname=HOST, ca_bundle=root.pem)
        with Rancher(endpoint, "2.15.0") as client:
            yield client


@pytest.mark.parametrize(
    "answer",
    [
        Response(200, PAGE),
        Response(200, f'["{SECRET}"]'),
        Response(200, f'"{SECRET}"'),
        Response(200, f'{{"data": "{SECRET}'),
        Response(200, SECRET),
        Response(201, PAGE),
        Response(401, PAGE),
        Response(403, PAGE),
        Response(404, f"{SECRET} not found"),
        Response(500, PAGE),
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
def test_s9_an_answer_that_is_not_json_is_never_quoted(
    rancher: Rancher, answers: list[Response], answer: Response, method: str
) -> None:
    answers.append(answer)
    with pytest.raises(RancherError) as caught:
        rancher.call(method, "/v3/settings/server-url", {}, token="t")
    text = str(caught.value)
    assert SECRET not in text
    assert "html" not in text
    assert f"{method} /v3/settings/server-url" in text


@pytest.mark.parametrize("answer", [Response(200, PAGE), Response(201, "{}"), Response(201, "")])
def test_s9_a_login_page_of_a_proxy_is_not_a_login(
    rancher: Rancher, answers: list[Response], answer: Response
) -> None:
    answers.append(answer)
    with pytest.raises(RancherError, match=r"not JSON|no token"):
        rancher.login("admin", "a password of ours")


def test_what_was_sent_is_not_quoted_from_the_answer(rancher: Rancher, answers: list[Response]) -> None:
    answers.append(Response(422, {"message": f"token {SECRET} and password correct horse battery"}))
    body = {"currentPassword": "correct horse battery"}
    with pytest.raises(RancherError, match=r"token \[secret\] and password \[secret\]"):
        rancher.call("POST", "/v3/users?action=changepassword", body, token=SECRET)


def test_empty_answers_are_answers(rancher: Rancher, answers: list[Response]) -> None:
    answers += [Response(200), Response(204), Response(200, "{}")]
    for _ in range(3):
        assert rancher.call("DELETE", "/v3/tokens/x", token="t") == {}


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (400, True),
        (403, True),
        (422, True),
        (409, False),
        (429, False),
        (500, False),
        (502, False),
        (503, False),
    ],
)
def test_r5_another_password_is_advised_only_when_rancher_refuses_this_one(
    rancher: Rancher, answers: list[Response], status: int, advice: bool
) -> None:
    answers.append(Response(status, '{"message": "reason"}'))
    with pytest.raises(ProviderError) as caught:
        _change_password(rancher, Login("t", "u"), "/v3/users?action=changepassword", {"newPassword": SECRET})
    assert ("Set another password" in str(caught.value)) == advice
    assert (caught.value.properties == ("password",)) == advice
    assert "reason" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_r5_an_unreachable_rancher_has_not_refused_the_password() -> None:
    endpoint = RancherEndpoint(address=ADDRESS, port=1, hostname=HOST, ca_bundle=pki.root().pem)
    with Rancher(endpoint, "2.15.0") as client, pytest.raises(UnreachableRancherError) as caught:
        _change_password(client, Login("t", "u"), "/v3/users?action=changepassword", {"newPassword": SECRET})
    assert "Set another password" not in str(caught.value)
