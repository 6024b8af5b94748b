"""Settings by file, environment and flags; every mistake at once."""

from __future__ import annotations

import pytest

from coterie.errors import InvalidDefinition
from coterie.limits import DEFAULT
from coterie.settings import Settings, settings_of


def test_nothing_said_is_the_defaults() -> None:
    assert settings_of(None) == settings_of({}) == Settings()
    assert Settings().limits == DEFAULT


def test_flags_win_over_the_environment_and_the_environment_over_the_file() -> None:
    data = {"server": {"port": 1, "host": "a", "cors_origins": ["x"]}, "limits": {"event_bytes_max": 100}}
    environment = {
        "COTERIE_SERVER_PORT": "2", "COTERIE_SERVER_HOST": "b", "COTERIE_TIME_ZONE": "Europe/Oslo",
        "COTERIE_SERVER_CORS_ORIGINS": "https://a.example, https://b.example", "COTERIE_SERVER_ACCESS_LOG": "true",
        "COTERIE_PROJECT": "elsewhere", "PATH": "/bin",
    }  # fmt: skip
    found = settings_of(data, environment=environment, flags={("server", "port"): 3})
    assert (found.server.port, found.server.host, found.time_zone) == (3, "b", "Europe/Oslo")
    assert found.server.cors_origins == ("https://a.example", "https://b.example")
    assert found.server.access_log is True
    assert found.limits.event_bytes_max == 100


def test_every_mistake_is_told_at_once_with_place_and_hint() -> None:
    data = {
        "nam": 1, "name": 3, "time_zone": "Mars", "runner": 3,
        "server": {"prot": 1, "port": "x", "clock": "y", "cors_origins": 3, "shutdown_s": -1},
    }  # fmt: skip
    environment = {"COTERIE_SERVER_PROT": "1", "COTERIE_SERVER_PORT": "abc", "COTERIE_LIMITS_SEGMENTS_MAX": "many"}
    with pytest.raises(InvalidDefinition) as raised:
        settings_of(data, "coterie.yaml", environment, {("server", "port"): 99_999})
    told = {one.where: one for one in raised.value.problems}
    assert set(told) == {
        "coterie.yaml: nam", "coterie.yaml: name", "coterie.yaml: time_zone", "coterie.yaml: runner",
        "coterie.yaml: server.prot", "coterie.yaml: server.port", "coterie.yaml: server.clock",
        "coterie.yaml: server.cors_origins", "coterie.yaml: server.shutdown_s", "COTERIE_SERVER_PROT",
        "COTERIE_SERVER_PORT", "COTERIE_LIMITS_SEGMENTS_MAX", "--port",
    }  # fmt: skip
    assert "name" in told["coterie.yaml: nam"].hint
    assert "port" in told["coterie.yaml: server.prot"].hint
    assert "COTERIE_SERVER_PORT" in told["COTERIE_SERVER_PROT"].hint
    assert told["coterie.yaml: server.clock"].allowed == "system | manual | 60x"
    assert told["--port"].allowed == "a whole number ≥ 0 ≤ 65,535"


def test_what_is_no_mapping_is_told() -> None:
    with pytest.raises(InvalidDefinition, match="mapping"):
        settings_of([1, 2])
