"""Releases by Helm v2: what the stack declares, and what its commands do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime.mocks import MockResourceArgs

from components.helm.chart import HelmChart
from components.helm.release import HelmRelease, HelmReleaseArgs
from components.helm.v2.engine import Helm2
from components.helm.v2.tiller import Tiller, TillerArgs
from domain.helm_history import encode
from lab.layout import REPO
from tests import kubernetes_api
from tests.helm.v2 import tiller_api
from tests.helm.v2.tiller_api import FakeHelm, add_record, bindings
from tests.helm.v2.tiller_release import Chart, Status
from tests.kubernetes_api import NAMESPACE, FakeApi
from tests.mocks import RecordingMocks, with_engine

COMMAND = "command:local:Command"
SECRET = "s3cret-password"


def outputs(args: MockResourceArgs) -> dict[str, Any]:
    return {"stdout": '{"revision": 4, "digest": "d"}'} if args.typ == COMMAND else {}


@pytest.mark.parametrize("mode", ["cluster", "local"])
def test_release_through_tiller(monkeypatch: pytest.MonkeyPatch, mode: Any) -> None:
    mocks = RecordingMocks(outputs)
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)

    @with_engine
    def program() -> pulumi.Output[None]:
        chart = HelmChart(
            chart="rancher",
            repository="https://charts.example.com",
            version="2.2.8",
            kubernetes_version="1.14",
            username="reader",
            password=SECRET,
            api_versions=("v1",),
        )
        tiller = Tiller("tiller", TillerArgs(kubeconfig="kubeconfig-text", mode=mode))
        release = HelmRelease(
            "rancher",
            HelmReleaseArgs(
                engine=Helm2(tiller),
                chart=chart,
                release="rancher",
                namespace=NAMESPACE,
                kubeconfig="kubeconfig-text",
                values={"replicas": pulumi.Output.from_input(3)},
                timeout_minutes=20,
            ),
        )

        def check(values: list[Any]) -> None:
            assert values[0] == "tiller-4", "no revision of Helm 3's is like it"
            inputs = mocks.inputs(COMMAND, "rancher-release")
            assert (inputs["create"], inputs["update"], inputs["delete"]) == ("apply", "apply", "delete")
            assert inputs["interpreter"][1:] == ["-m", "components.helm.v2.actions"]
            task = json.loads(inputs["environment"]["HELM2_TASK"])
            assert (task["mode"], task["values"], task["version"]) == (mode, {"replicas": 3}, "2.2.8")
            assert json.loads(inputs["stdin"]["value"]) == {
                "kubeconfig": "kubeconfig-text",
                "password": SECRET,
            }
            shown = json.dumps({**inputs, "stdin": ""})
            assert SECRET not in shown
            assert "kubeconfig-text" not in shown
            hidden = set(mocks.requests["rancher-release"].additionalSecretOutputs)
            assert hidden >= {"stdin", "stdout"}

        return pulumi.Output.all(release.revision, release.ready.urn).apply(check)

    program()
    made = {"core/v1:ServiceAccount", "tiller-init"} if mode == "cluster" else set()
    names = {name for kind, name, _ in mocks.registered if kind == COMMAND} - {"rancher-release"}
    kinds = {kind.removeprefix("kubernetes:") for kind in mocks.types() if "ServiceAccount" in kind}
    assert names | kinds == made


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with kubernetes_api.running() as running:
        tiller_api.prepare(running)
        yield running


@pytest.fixture
def helm(tmp_path: Path) -> FakeHelm:
    return FakeHelm(tmp_path)


def task_of(commands: FakeHelm, **changes: Any) -> dict[str, Any]:
    """The task of a release."""
    return {
        "helm": str(commands.directory / "helm2"),
        "tiller": str(commands.directory / "tiller"),
        "mode": "cluster",
        "release": "rancher",
        "namespace": NAMESPACE,
        "chart": "rancher",
        "version": "2.2.8",
        "repository": "https://charts.example.com",
        "username": "reader",
        "values": {"replicas": 3},
        "timeout_minutes": 1,
        **changes,
    }


def run(
    action: str, api: FakeApi, commands: FakeHelm, *, previous: str = "", **changes: Any
) -> subprocess.CompletedProcess[str]:
    """Run the command of a release as the stack does."""
    what = task_of(commands, **changes)
    return subprocess.run(
        [sys.executable, "-m", "components.helm.v2.actions", action],
        cwd=REPO,
        env={**os.environ, "HELM2_TASK": json.dumps(what), "PULUMI_COMMAND_STDOUT": previous},
        input=json.dumps({"kubeconfig": api.kubeconfig, "password": SECRET}),
        capture_output=True,
        text=True,
        check=False,
    )


def installs(api: FakeApi, helm: FakeHelm, *, storage: str = "configmaps", revision: int = 1) -> None:
    """Let the fake ``upgrade`` leave the record that Tiller would leave."""
    path = add_record(api, storage=storage, revision=revision)
    item = api.objects.pop(path)
    helm.answer(post__upgrade=[[api.server.url + path.rpartition("/")[0], item]])


def test_installation_in_the_cluster(api: FakeApi, helm: FakeHelm) -> None:
    installs(api, helm)
    done = run("apply", api, helm)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["revision"] == 1
    assert helm.words() == ["version", "repo", "upgrade", "status"]
    upgrade = helm.calls[2]
    line = "upgrade rancher charts/rancher --install --version 2.2.8 --namespace cattle-system --values -"
    assert " ".join(upgrade["argv"]) == line
    assert json.loads(upgrade["stdin"]) == {"replicas": 3}
    assert "https://charts.example.com" in upgrade["repositories"]
    assert bindings(api) == [], "Tiller's rights end with the change"
    created = [request.path for request in api.server.requests if request.method == "POST"]
    assert created[0].endswith("/clusterrolebindings"), "and begin with it"


def test_secrets_are_only_in_private_files_that_go_away(api: FakeApi, helm: FakeHelm) -> None:
    installs(api, helm)
    done = run("apply", api, helm)
    for call in helm.calls:
        assert SECRET not in " ".join(call["argv"])
        assert call["mode"] == 0o700
        assert call["kubeconfig"] == api.kubeconfig
        assert not Path(call["home"]).exists()
        assert not [name for name in call["environment"] if name.startswith(("HELM2_", "PULUMI_COMMAND_"))]
    assert SECRET in helm.calls[2]["repositories"]
    assert SECRET not in done.stdout + done.stderr


def test_tiller_on_this_machine_for_the_time_of_the_call(api: FakeApi, helm: FakeHelm) -> None:
    add_record(api, status=Status.SUPERSEDED)
    installs(api, helm, storage="secrets", revision=2)
    done = run("apply", api, helm, mode="local")
    assert done.returncode == 0, done.stderr
    [words] = (helm.directory / "tiller.calls").read_text().splitlines()
    assert words.startswith("--storage=secret --listen=127.0.0.1:")
    assert {call["host"] for call in helm.calls} == {words.split("--listen=")[1].split()[0]}
    posted = [request.path for request in api.server.requests if request.method == "POST"]
    assert not [path for path in posted if "clusterrolebindings" in path], "it needs no rights"
    places = [path for path in api.objects if "rancher.v1" in path]
    assert places == ["/api/v1/namespaces/kube-system/secrets/rancher.v1"], "where this Tiller looks"


def test_no_change_when_only_the_credentials_changed(api: FakeApi, helm: FakeHelm) -> None:
    installs(api, helm)
    first = run("apply", api, helm).stdout
    before = len(helm.calls)
    again = run("apply", api, helm, previous=first)
    assert (again.stdout, len(helm.calls)) == (first, before)
    run("apply", api, helm, previous=first, values={"replicas": 4})
    assert len(helm.calls) > before


def test_rights_are_gone_after_a_failure(api: FakeApi, helm: FakeHelm) -> None:
    helm.answer(upgrade=(1, "", "Error: UPGRADE FAILED: no such image\n"))
    done = run("apply", api, helm)
    assert done.returncode == 1
    assert done.stderr.strip().endswith("helm2 upgrade` failed: UPGRADE FAILED: no such image")
    assert bindings(api) == []


def test_half_done_first_installation_is_removed_first(api: FakeApi, helm: FakeHelm) -> None:
    add_record(api, status=Status.PENDING_INSTALL)
    installs(api, helm, revision=2)
    done = run("apply", api, helm)
    assert done.returncode == 0, done.stderr
    assert helm.calls[1]["argv"] == ["delete", "--purge", "rancher"]


@pytest.mark.parametrize(
    ("statuses", "repair"),
    [
        (["DEPLOYED", "PENDING_UPGRADE"], "rollback rancher 1"),
        # Killed between the two marks that end an upgrade.
        (["DEPLOYED", "SUPERSEDED", "PENDING_UPGRADE"], "rollback rancher 1"),
        (["SUPERSEDED", "PENDING_UPGRADE"], "rollback rancher 1"),
        # A rollback by hand, and the one of a repair, which says nothing of what is half there.
        (["SUPERSEDED", "DEPLOYED", "PENDING_ROLLBACK"], "rollback rancher 2"),
        (["DEPLOYED", "PENDING_UPGRADE", "PENDING_ROLLBACK", "PENDING_ROLLBACK"], "rollback rancher 1"),
        (["DEPLOYED", "FAILED"], "rollback rancher 1"),
        (["DEPLOYED", "FAILED", "FAILED"], "rollback rancher 1"),
        (["DEPLOYED", "FAILED", "PENDING_ROLLBACK"], "rollback rancher 1"),
        (["SUPERSEDED", "DEPLOYED"], None),
        (["FAILED", "PENDING_INSTALL"], "delete --purge rancher"),
        (["SUPERSEDED", "DELETED"], "delete --purge rancher"),
    ],
)
def test_incomplete_release_is_repaired_first(
    api: FakeApi, helm: FakeHelm, statuses: list[str], repair: str | None
) -> None:
    for number, status in enumerate(statuses, start=1):
        add_record(api, status=Status[status], revision=number)
    installs(api, helm, revision=9)
    done = run("apply", api, helm)
    assert done.returncode == 0, done.stderr
    changes = [" ".join(call["argv"]) for call in helm.calls if call["argv"][0] in {"rollback", "delete"}]
    assert changes == ([repair] if repair else [])
    kept = {path[-2:] for path in api.objects if "rancher.v" in path}
    undoing = ["PENDING_UPGRADE", "PENDING_ROLLBACK"], ["FAILED", "PENDING_ROLLBACK"]
    assert ("v3" in kept) == (len(statuses) == 3 and statuses[1:] not in undoing), "half an undoing is gone"
    assert "v4" not in kept


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_command_is_killed(api: FakeApi, helm: FakeHelm, tmp_path: Path, number: signal.Signals) -> None:
    """As the plugin does when the engine is gone. Helm ends, and rights and private files with it."""
    helm.answer(sleep__upgrade=600)
    command = subprocess.Popen(
        [sys.executable, "-m", "components.helm.v2.actions", "apply"],
        cwd=REPO,
        env={**os.environ, "HELM2_TASK": json.dumps(task_of(helm)), "TMPDIR": str(tmp_path)},
        stdin=subprocess.PIPE,
        text=True,
    )
    assert command.stdin is not None
    command.stdin.write(json.dumps({"kubeconfig": api.kubeconfig, "password": SECRET}))
    command.stdin.close()
    until(lambda: "upgrade" in helm.words())
    assert bindings(api) == ["tiller-rancher"]
    [home] = {call["home"] for call in helm.calls}
    assert Path(home).exists()
    command.send_signal(number)
    assert command.wait() == {signal.SIGKILL: -9, signal.SIGTERM: 143}[number]
    until(lambda: not Path(home).exists())
    assert bindings(api) == []
    assert not list(tmp_path.glob("*rancher-on-pks-*"))


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (
            {"namespace": "default"},
            "release rancher already exists with chart rancher in namespace default",
        ),
        ({"chart": Chart("other", "1.0.0")}, "release rancher already exists with chart other"),
    ],
)
def test_name_that_is_in_use(api: FakeApi, helm: FakeHelm, record: dict[str, Any], expected: str) -> None:
    add_record(api, **record)
    done = run("apply", api, helm)
    assert expected in done.stderr
    assert helm.calls == []


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            (1, 'Client: &version.Version{SemVer:"v2.17.0"}\n', "Error: could not find tiller\n"),
            "could not find",
        ),
        (
            (0, tiller_api.VERSIONS.replace("v2.17.0", "v2.14.3", 1), ""),
            "Tiller is v2.17.0. Use the same version",
        ),
    ],
)
def test_tiller_that_is_not_there_or_of_another_version(
    api: FakeApi, helm: FakeHelm, answer: Any, expected: str
) -> None:
    helm.answer(version=answer)
    assert expected in run("apply", api, helm).stderr
    assert bindings(api) == []


def test_command_that_is_not_there(api: FakeApi, helm: FakeHelm) -> None:
    done = run("apply", api, helm, helm="/no/helm2")
    assert "the command '/no/helm2' is not on PATH or not executable. Install it" in done.stderr
    done = run("apply", api, helm, mode="local", tiller="/no/tiller")
    assert "the command '/no/tiller' is not on PATH or not executable. Install it" in done.stderr


def test_repository_that_refuses(api: FakeApi, helm: FakeHelm) -> None:
    text = (
        '...Unable to get an update from the "charts" chart repository (https://charts.example.com):\n'
        "\tFailed to fetch https://charts.example.com/index.yaml : 401 Unauthorized\nUpdate Complete."
    )
    helm.answer(repo=(0, text, ""))
    done = run("apply", api, helm)
    assert "401 Unauthorized" in done.stderr
    assert "upgrade" not in helm.words()


def add_helm3(api: FakeApi) -> None:
    content = {"version": 1, "info": {"status": "deployed"}, "chart": {"metadata": {"name": "rancher"}}}
    labels = {"owner": "helm", "name": "rancher"}
    api.add("api/v1/secrets", "r", metadata={"labels": labels}, data={"release": encode(content)})


def test_deletion(api: FakeApi, helm: FakeHelm) -> None:
    add_record(api)
    assert run("delete", api, helm).returncode == 0
    assert helm.calls[-1]["argv"] == ["delete", "--purge", "rancher"]


def test_deletion_of_what_is_gone(api: FakeApi, helm: FakeHelm) -> None:
    assert run("delete", api, helm).returncode == 0
    assert helm.calls == []


def test_what_helm_3_has_taken_over_is_not_deleted(api: FakeApi, helm: FakeHelm) -> None:
    path = add_record(api)
    add_helm3(api)
    done = run("delete", api, helm)
    assert (done.returncode, helm.calls) == (0, [])
    assert "release rancher is managed by Helm 3: it stays" in done.stderr
    assert path not in api.objects


def test_no_way_back_from_helm_3(api: FakeApi, helm: FakeHelm) -> None:
    add_helm3(api)
    assert "Helm 3 manages release 'rancher'" in run("apply", api, helm).stderr


def test_init_says_why_tiller_does_not_come_up(api: FakeApi, helm: FakeHelm) -> None:
    helm.answer(
        version=(
            1,
            'Client: &version.Version{SemVer:"v2.17.0"}\n',
            "Error: could not find a ready tiller pod",
        )
    )
    done = run("init", api, helm, timeout_minutes=0.1, image="registry.example.com/tiller:v2.17.0")
    assert "last state: could not find a ready tiller pod" in done.stderr
    [init] = [call["argv"] for call in helm.calls if call["argv"][0] == "init"]
    assert init[:3] == ["init", "--service-account", "tiller"]
    assert init[-2:] == ["--tiller-image", "registry.example.com/tiller:v2.17.0"]
