"""The fuzzer of the pack: a small run, and proof that it would notice a lost finding."""

from __future__ import annotations

from pulumi.runtime.proto import analyzer_pb2

from tests.policy import fuzz


def test_odd_inputs_neither_crash_the_pack_nor_hide_a_finding() -> None:
    result = fuzz.run(300, 20261127)
    assert result.failures == []
    assert (result.inputs, result.planted) == (300, 12 * (7 + 1))


def diagnostic(level: analyzer_pb2.EnforcementLevel.ValueType, message: str) -> analyzer_pb2.AnalyzeResponse:
    found = analyzer_pb2.AnalyzeDiagnostic(policyName="p", message=message, enforcementLevel=level)
    return analyzer_pb2.AnalyzeResponse(diagnostics=[found])


def test_the_fuzzer_notices_what_is_lost() -> None:
    nothing = analyzer_pb2.AnalyzeResponse()
    assert fuzz.missing(nothing) == ""
    assert "does not report 'too many'" in fuzz.missing(nothing, fuzz.Expected("p", "too many"))
    assert "is not mandatory" in fuzz.missing(diagnostic(analyzer_pb2.ADVISORY, "unknown value"))
    counted = diagnostic(analyzer_pb2.MANDATORY, "the stack imports 59 clusters, but only 52 fit")
    assert fuzz.missing(counted, fuzz.Expected("p", "but only 52 fit", 59)) == ""
    assert "fewer than 60" in fuzz.missing(counted, fuzz.Expected("p", "but only 52 fit", 60))
