"""A test without its tool: skipped on a desk, failed in CI."""

from __future__ import annotations

import pytest

from tests.tools import REQUIRED, missing, tool


def test_a_missing_tool_skips_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(REQUIRED, raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"Spark needs Java 17.*make tools"):
        missing("Spark needs Java 17")


def test_a_missing_tool_fails_where_tools_are_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REQUIRED, "1")
    with pytest.raises(pytest.fail.Exception, match=r"no-such-tool is neither .* nor on the PATH"):
        tool("no-such-tool", "it is made up")


def test_a_tool_is_found_on_the_path() -> None:
    assert tool("git", "the repository is one").endswith("/git")
