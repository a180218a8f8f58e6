"""What fails for one site is that site's problem; what every site needs ends the run with one error."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from components.rancher.api import RancherError
from fleet import access, registration
from fleet.session import SharedAccessError, _shared_errors
from fleet.user import UserProvider
from lab.rancher import clusters, projects
from lab.rancher.context import Call, RefusalError
from rancher_on_pks.outputs import RancherStack
from tests.fleet.conftest import OWNER, World, edge_cluster, namespace, world
from tests.fleet.test_component import OUTPUTS
from tests.kubernetes_api import FakeApi
from tests.mocks import RecordingMocks, with_engine
from tests.servers import Response

QUOTA = 'clusters.management.cattle.io "" is forbidden: exceeded quota: clusters, requested: 1, used: 9'
POLICY = "ValidatingAdmissionPolicy 'imports' with binding 'imports' denied request: not after 18:00"
ROLE = (
    'clusters.management.cattle.io is forbidden: User "u-abcde" cannot create resource "clusters" in API '
    'group "management.cattle.io" at the cluster scope'
)


@contextlib.contextmanager
def refusing(monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> Iterator[None]:
    """Rancher refuses the registration of one name."""
    check = clusters._check_name

    def refused(call: Call, cluster_id: str) -> str:
        if call.text("name") == name:
            raise RefusalError(403, "Forbidden", text)
        return check(call, cluster_id)

    with monkeypatch.context() as patch:
        patch.setattr(clusters, "_check_name", refused)
        yield


@pytest.mark.parametrize("text", [QUOTA, POLICY])
async def test_f2_a_quota_or_policy_that_refuses_one_site_is_its_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    async with world(tmp_path) as rancher:
        wanted = rancher.wanted("berlin")
        with refusing(monkeypatch, "berlin", text):
            made = await rancher.create(wanted)
            assert text[:100] in made["problem"]
            assert made["cluster_id"] == ""
            assert (await rancher.create(rancher.wanted("paris")))["problem"] == ""
        assert rancher.changes(made, wanted)
        assert (await rancher.update(made, wanted))["problem"] == ""


async def test_f2_a_policy_on_projects_is_one_sites_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(tmp_path) as rancher:

        def refused(*_: object) -> None:
            raise RefusalError(
                403, "Forbidden", "projects.management.cattle.io is forbidden: exceeded quota: p"
            )

        made = await rancher.create(rancher.wanted("berlin"))
        monkeypatch.setattr(projects, "_new", refused)
        wanted = rancher.wanted("berlin", projects=[{"name": "kiosk", "members": []}])
        changed = await rancher.update(made, wanted)
        assert "exceeded quota: p" in changed["problem"]
        assert changed["cluster_id"] == made["cluster_id"]


async def test_f2_a_token_without_the_role_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(tmp_path) as rancher:
        with (
            refusing(monkeypatch, "berlin", ROLE),
            pytest.raises(RancherError, match="must belong to an administrator"),
        ):
            await rancher.create(rancher.wanted("berlin"))


@pytest.mark.parametrize(
    ("status", "needed", "shared"),
    [(0, False, True), (401, False, True), (403, True, True), (403, False, False), (500, True, False)],
)
def test_f2_what_concerns_every_site(status: int, needed: bool, shared: bool) -> None:
    with pytest.raises(RancherError) as caught, _shared_errors(needed=needed):
        raise RancherError(status, "refused")
    assert isinstance(caught.value, SharedAccessError) == shared


async def test_f3_users_can_log_in_and_import_nothing(tmp_path: Path) -> None:
    async with world(tmp_path) as rancher:
        wanted = {**rancher.reach, "name": "jane", "display_name": "", "owner": OWNER}
        made = await rancher.run(rancher.provider(UserProvider).create, wanted)
        found = (await rancher.ask("GET", f"/v3/globalrolebindings?userId={made.id}")).body["data"]
        assert [item["globalRoleId"] for item in found] == ["user-base"]


@pytest.mark.parametrize("waits", [True, False])
async def test_f6_a_cluster_that_is_deleted_at_once_leaks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, waits: bool
) -> None:
    if not waits:
        monkeypatch.setattr(registration, "_await_settled", lambda *_: None)
    async with world(tmp_path) as rancher:
        rancher.server.fault["setup_seconds"] = 5.0  # a busy one: longer than the registration takes
        made = await rancher.create(rancher.wanted("berlin"))
        await rancher.delete(made)
        leaked = (await rancher.arrive({}))["leaked"]
        assert [name[:7] for name in leaked] == ([] if waits else [made["cluster_id"]] * 3)
        assert ("kubectl delete namespace c-" in caplog.text) is not waits


async def test_f6_a_deletion_of_older_clusters_waits_for_nothing(tmp_path: Path) -> None:
    async with world(tmp_path) as rancher:
        made = [await rancher.create(rancher.wanted(name)) for name in ("berlin", "paris")]
        await asyncio.sleep(2.6)
        rancher.new_process()
        asked = count(rancher)
        for site in made:
            await rancher.delete(site)
        assert len([path for path in asked if path == "/v3/clusters"]) == 1  # one list for all


def count(rancher: World) -> list[str]:
    """Paths that Rancher is asked for from now on, as far as its clock is read for them."""
    asked: list[str] = []
    session = rancher.sessions.of(rancher.reach)
    call = session.call

    def counted(method: str, path: str, body: object = None, needed: Sequence[str] = ()) -> dict[str, Any]:
        asked.append(path.partition("?")[0])
        return call(method, path, body, needed)

    session.call = counted  # type: ignore[method-assign]
    return asked


async def test_f6_a_namespace_whose_deletion_is_blocked_gets_the_fitting_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with world(tmp_path) as rancher:
        session = rancher.sessions.of(rancher.reach)
        blocked = namespace("c-abcde", deletionTimestamp="2026-01-01T00:00:00Z")
        monkeypatch.setattr(session, "namespaces", lambda _fresh=0: [blocked])
        assert (await rancher.arrive({}))["leaked"] == ["c-abcde"]
        assert "kubectl get apiservice v1.ext.cattle.io" in caplog.text
        assert "kubectl delete namespace" not in caplog.text


@pytest.mark.parametrize(
    ("condition", "leaked"),
    [
        ({}, []),
        ({"type": "NamespaceContentRemaining", "status": "True"}, []),
        ({"type": "NamespaceDeletionDiscoveryFailure", "status": "False"}, []),
        ({"type": "NamespaceDeletionDiscoveryFailure", "status": "True"}, ["c-abcde"]),
        ({"type": "NamespaceDeletionContentFailure", "status": "True"}, ["c-abcde"]),
    ],
)
async def test_a_namespace_that_is_being_deleted_has_not_leaked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, condition: dict[str, str], leaked: list[str]
) -> None:
    """Kubernetes takes its time when hundreds go together."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    going = {**namespace("c-abcde", deletionTimestamp=now), "status": {"conditions": [condition]}}
    async with world(tmp_path) as rancher:
        session = rancher.sessions.of(rancher.reach)
        monkeypatch.setattr(session, "namespaces", lambda _fresh=0: [going])
        assert (await rancher.arrive({}))["leaked"] == leaked


@pytest.mark.parametrize("when", ["", "yesterday", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z"])
async def test_a_deletion_of_unknown_age_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    going = namespace("c-abcde", deletionTimestamp=when)
    async with world(tmp_path) as rancher:
        session = rancher.sessions.of(rancher.reach)
        monkeypatch.setattr(session, "namespaces", lambda _fresh=0: [going])
        assert (await rancher.arrive({}))["leaked"] == ["c-abcde"]


def _remove(file: Path) -> None:
    file.unlink()


def _change(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def write(file: Path) -> None:
        document = yaml.safe_load(file.read_text())
        change(document)
        file.write_text(yaml.safe_dump(document))

    return write


def _cluster(**values: object) -> Callable[[Path], None]:
    return _change(lambda document: document["clusters"][0].update(cluster={**values}))


def _user(**values: object) -> Callable[[Path], None]:
    return _change(lambda document: document["users"][0].update(user={**values}))


def _edge(status: int, body: object = "") -> Callable[[FakeApi], None]:
    def change(edge: FakeApi) -> None:
        edge.before = lambda _request: Response(status, body)  # type: ignore[arg-type]

    return change


URL = "https://127.0.0.1:1"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(_remove, id="no file"),
        pytest.param(lambda file: file.write_text("a: ["), id="broken"),
        pytest.param(lambda file: file.write_bytes(b"\xff\xfe"), id="not text"),
        pytest.param(_cluster(server=URL), id="nobody answers"),
        pytest.param(_cluster(server="https://nowhere.invalid"), id="unknown host"),
        pytest.param(_cluster(server="https://127.0.0.1:99999"), id="impossible port"),
        pytest.param(_cluster(server="https://*.x y"), id="impossible host"),
        pytest.param(_cluster(**{"server": URL, "certificate-authority": "ca.pem"}), id="no CA file"),
        pytest.param(_cluster(**{"server": URL, "certificate-authority-data": "QQ=="}), id="CA unreadable"),
        pytest.param(_cluster(**{"server": URL, "proxy-url": "socks5://x"}), id="socks"),
        pytest.param(_user(exec={"command": "missing-plugin"}), id="exec"),
        pytest.param(
            _user(**{"auth-provider": {"name": "oidc", "config": {"idp-issuer-url": URL, "id-token": "x"}}}),
            id="OIDC login server down",
        ),
        pytest.param(
            _user(**{"client-certificate-data": "QQ==", "client-key-data": "QQ=="}),
            id="certificate unreadable",
        ),
        pytest.param(_user(token="é"), id="token"),
    ],
)
async def test_c11_a_kubeconfig_that_does_not_work_is_one_sites_problem(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    async with world(tmp_path) as rancher:
        with edge_cluster() as edge:
            wanted = rancher.wanted("berlin", edge)
            change(Path(wanted["kubeconfig_file"]))
            made = await rancher.create(wanted)
            assert made["problem"].startswith("the agent is not applied to its cluster: ")
            assert "unexpected failure" not in made["problem"]
            assert made["cluster_id"]
            assert edge.server.paths == []


async def test_c11_a_broken_kubeconfig_does_not_block_a_removal(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with world(tmp_path) as rancher:
        with edge_cluster() as edge:
            made = await rancher.create(rancher.wanted("berlin", edge))
            Path(made["kubeconfig_file"]).write_bytes(b"\xff")
            await rancher.delete(made)
        assert await rancher.clusters() == {}
        assert "Rancher's agent remains in its cluster: kubeconfig" in caplog.text


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(_edge(401, {"message": "Unauthorized"}), id="login refused"),
        pytest.param(_edge(403, {"message": "forbidden"}), id="no permission"),
        pytest.param(_edge(500, "<html>"), id="internal error"),
        pytest.param(_edge(200, "<html>login</html>"), id="another server"),
        pytest.param(_edge(200, b"\x00\xff"), id="no text"),
        pytest.param(_edge(200, {"items": 5, "resources": [5], "spec": 5, "metadata": 5}), id="odd types"),
    ],
)
async def test_c11_a_cluster_that_refuses_is_one_sites_problem(
    tmp_path: Path, change: Callable[[FakeApi], None]
) -> None:
    async with world(tmp_path) as rancher:
        with edge_cluster() as edge:
            wanted = rancher.wanted("berlin", edge)
            change(edge)
            made = await rancher.create(wanted)
            assert made["problem"].startswith("the agent is not applied to its cluster: ")
            edge.before = lambda _request: None
            assert (await rancher.update(made, wanted))["problem"] == ""


async def test_c11_a_proxy_that_cannot_be_used_is_the_sites_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(tmp_path) as rancher:
        with edge_cluster() as edge:
            wanted = rancher.wanted("berlin", edge)
            monkeypatch.setenv("HTTPS_PROXY", "socks5://user:the-password@127.0.0.1:1")
            made = await rancher.create(wanted)
        assert made["problem"].startswith("the agent is not applied to its cluster: ")
        assert "the-password" not in made["problem"]


async def test_c11_a_manifest_that_is_not_one_is_the_sites_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(tmp_path) as rancher:
        with edge_cluster() as edge:
            monkeypatch.setattr(registration, "manifest", lambda *_: "<html> {{ : [")
            made = await rancher.create(rancher.wanted("berlin", edge))
        assert "unexpected failure" in made["problem"]


async def test_s4_a_manifest_that_cannot_be_read_does_not_quote_its_token(tmp_path: Path) -> None:
    async with world(tmp_path) as rancher:
        session = rancher.sessions.of(rancher.reach)
        token = {
            "token": "the-registration-token",
            "manifestUrl": "https://x/v3/import/the-registration-token.yaml",
        }
        with pytest.raises(RancherError, match="404") as caught:
            await rancher.run(registration.manifest, session, token)
        assert "the-registration-token" not in str(caught.value)


@pytest.mark.parametrize(
    "token", ["token-a:the-secret\n", "token-a: the-secret", "token-a:the-secret\u00e9", ""]
)
def test_s4_a_token_that_cannot_be_sent_is_refused(token: str) -> None:
    with pytest.raises(pulumi.RunError, match="output rancherToken is not one line") as caught:
        access._checked_token(token)
    assert "the-secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "rancher.test",
        "http://rancher.test",
        "https://u:the-secret@rancher.test",
        "https://[x",
        "https://x:y",
    ],
)
def test_s4_a_url_that_is_not_ranchers_is_refused(url: str) -> None:
    with pytest.raises(pulumi.RunError, match="output rancherUrl") as caught:
        access._document(url, "10.0.0.1", "pem")
    assert "the-secret" not in str(caught.value)


@with_engine
async def test_s4_the_token_stays_a_secret() -> None:
    RecordingMocks(
        lambda args: {
            "outputs": OUTPUTS,
            "secretOutputNames": ["rancherToken"],
        }
    )
    reference = pulumi.StackReference("server", stack_name="org/rancher-on-pks/prod")
    found = access.RancherAccess.from_outputs(RancherStack.from_reference(reference))
    token = found.inputs()["token"]
    assert isinstance(token, pulumi.Output)
    assert await token.is_secret()
    assert await token.future() == "token-a:b"
