"""Where Rancher's certificate comes from: the rules for what each source is given, by the source's name."""

from __future__ import annotations

from domain.certificates.sources.csr import Csr
from domain.certificates.sources.files import Files
from domain.certificates.sources.internal_ca import InternalCa
from domain.certificates.sources.self_signed import SelfSigned
from domain.certificates.sources.source import Given, Material, Source

__all__ = ["SOURCES", "Given", "Material", "Source"]

SOURCES: dict[str, Source] = {
    "files": Files(),
    "csr": Csr(),
    "internal-ca": InternalCa(),
    "self-signed": SelfSigned(),
}
