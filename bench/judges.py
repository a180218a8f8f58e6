"""The judges of certificate chains: Go, by the lab's tool ``certjudge``, and OpenSSL."""

from __future__ import annotations

import datetime
import json
import os
import re
import ssl
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from bench.chains import NOW, Files
from domain.certificates import pem
from domain.certificates.rules import Expected
from domain.certificates.sources import SOURCES, Given
from domain.finding import Finding
from settings.certificate_judge import openssl

_DAYS = 30


@dataclass(frozen=True)
class Verdict:
    """What the program makes of the files.

    Attributes:
        written: What it writes to the cluster.
        errors: Why it refuses them; none if it accepts.
        warnings: What it warns about.
    """

    written: Files
    errors: list[Finding]
    warnings: list[Finding]


def program(files: Files, *, with_key: bool = True) -> Verdict:
    """The program's verdict."""
    contents = {"certificate": files.chain, "private_key": files.key, "ca_certificates": files.bundle}
    source = "files"
    if not with_key:
        del contents["private_key"]
        source = "csr"
    expected = Expected(files.hostname, NOW, datetime.timedelta(days=_DAYS))
    material, findings = SOURCES[source].check(Given(contents, expected), openssl)
    return Verdict(
        Files(
            material.chain.encode(),
            material.private_key.encode(),
            material.ca_certificates.encode(),
            files.hostname,
        ),
        [finding for finding in findings if finding.severity == "error"],
        [finding for finding in findings if finding.severity == "warning"],
    )


class Go:
    """A Go client, in a process that answers line by line."""

    def __init__(self, command: Path) -> None:
        """Start it."""
        self._process = subprocess.Popen(
            [str(command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Go:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, error, trace
        self._process.communicate()

    def refusal(self, files: Files) -> str:
        """Why a Go client refuses the server; empty if it accepts."""
        key = pem.private_key("private_key", files.key)[1] if files.key else ""
        asked = {
            "chain": files.chain.decode("latin-1"),
            "key": key,
            "bundle": files.bundle.decode("latin-1"),
            "hostname": files.hostname,
        }
        questions, answers = self._process.stdin, self._process.stdout
        if questions is None or answers is None:
            raise ValueError("certjudge is not running")
        questions.write(json.dumps(asked) + "\n")
        questions.flush()
        answer = json.loads(answers.readline())
        return str(answer["verify"] or answer["handshake"])


def openssl_refusal(files: Files) -> str:
    """Why OpenSSL refuses: a server that loads the files as nginx does, or a client as curl is one."""
    client, server = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    client.hostname_checks_common_name = False
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    client.verify_flags &= ~ssl.VERIFY_X509_STRICT
    with tempfile.TemporaryDirectory() as folder:
        chain, key, bundle = (Path(folder, name) for name in ("chain.pem", "key.pem", "ca.pem"))
        for file, content in ((chain, files.chain), (key, files.key), (bundle, files.bundle)):
            file.write_bytes(content)
        try:
            client.load_verify_locations(bundle)
            server.load_cert_chain(chain, key, password="")  # an encrypted key fails instead of prompting
        except (ssl.SSLError, OSError) as error:
            return f"loading: {error}"
    return _handshake(client, server, files.hostname)


def _handshake(client: ssl.SSLContext, server: ssl.SSLContext, hostname: str) -> str:
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname=hostname),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for end in ends * 4:
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            continue
        except ssl.SSLCertVerificationError as error:
            return str(error.verify_message)
        except ssl.SSLError as error:
            return str(error.reason or error)
    return ""


def command_line_refusal(files: Files) -> str:
    """The verdict of ``openssl verify`` on what a server sends, to check the handshake's."""
    with tempfile.TemporaryDirectory() as folder:
        chain, server, bundle = (Path(folder, name) for name in ("chain.pem", "server.pem", "ca.pem"))
        marker = b"-----END CERTIFICATE-----"
        server.write_bytes(files.chain.partition(marker)[0] + marker + b"\n")
        chain.write_bytes(files.chain)
        bundle.write_bytes(files.bundle)
        command = ["openssl", "verify", "-partial_chain", "-purpose", "sslserver", "-auth_level", "2"]
        command += ["-no-CApath", "-no-CAstore", "-CAfile", str(bundle), "-untrusted", str(chain)]
        command += ["-verify_hostname", files.hostname, str(server)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return "" if done.returncode == 0 else (done.stdout + done.stderr).strip()


_SERVER_CONFIG = """openssl_conf = start
[start]
ssl_conf = contexts
[contexts]
nginx = nginx
[nginx]
Certificate = {chain}
PrivateKey = {key}
"""
"""As nginx loads the files: ``SSL_CTX_use_certificate_chain_file``, ``SSL_CTX_use_PrivateKey_file``."""
_SECONDS = 60
_REASON = re.compile(r"verify error:num=\d+:(.*)|:error:[0-9A-F]+:([^\n]*)|^(Can't [^\n]*)", re.M)


def s_client_refusal(files: Files) -> str:
    """Why the commands ``openssl s_server`` and ``s_client`` refuse, over a connection on 127.0.0.1."""
    with tempfile.TemporaryDirectory(prefix="chain-judge-") as folder:  # mode 0700
        chain, key, bundle, config = (
            Path(folder, name) for name in ("chain.pem", "key.pem", "ca.pem", "openssl.cnf")
        )
        config.write_text(_SERVER_CONFIG.format(chain=chain, key=key))
        for file, content in ((chain, files.chain), (key, files.key), (bundle, files.bundle)):
            file.touch(0o600)
            file.write_bytes(content)
        command = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-naccept", "1", "-nocert", "-www"]
        with subprocess.Popen(
            [*command, "-ssl_config", "nginx"],
            env={**os.environ, "OPENSSL_CONF": str(config)},
            stdin=subprocess.DEVNULL,  # with the new session: nobody to ask for the password of a key
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as server:
            try:
                said = []
                for line in server.stdout or ():
                    if line.startswith("ACCEPT 127.0.0.1:"):
                        return _ask(line.rpartition(":")[2].strip(), bundle, files.hostname)
                    said.append(line)
                return f"loading: {_reason(''.join(said))}"
            finally:
                server.kill()


def _ask(port: str, bundle: Path, hostname: str) -> str:
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", hostname, "-brief"]
    command += ["-verify_return_error", "-verify_hostname", hostname, "-partial_chain"]
    command += ["-CAfile", str(bundle), "-no-CApath", "-no-CAstore"]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=_SECONDS
    )
    text = done.stdout + done.stderr
    return "" if done.returncode == 0 else _reason(text)


def _reason(text: str) -> str:
    found = _REASON.search(text)
    return next(filter(None, found.groups()), "") if found else text.strip() or "no reason"
