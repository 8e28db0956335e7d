"""The JSON of the report on many computers: as documented, complete, and the same words as in other reports."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests import PROJECT
from tests.not_on_windows import FIXTURES
from tests.rig.fleet_maker import hostile_fleet, make_fleet, silent_fleet
from unplugd.review.fleet_export import make_fleet_json

if TYPE_CHECKING:
    from unplugd.review.fleet import Fleet

SCHEMAS = PROJECT / "share/doc/unplugd"


def load_schema(name: str) -> Any:
    """Return a schema that is shipped."""
    return json.loads((SCHEMAS / f"{name}.schema.json").read_text())


@pytest.mark.not_on_windows(FIXTURES["schema"])
@pytest.mark.parametrize("fleet", [make_fleet(11), make_fleet(200), silent_fleet(), hostile_fleet()])
def test_it_matches_its_schema(fleet: Fleet) -> None:
    """The JSON matches the documented schema, which is itself a valid one, and not that of other reports."""
    validator = pytest.importorskip("jsonschema").Draft202012Validator
    schema = load_schema("report-on-many")
    validator.check_schema(schema)
    made = json.loads(json.dumps(make_fleet_json(fleet)))
    validator(schema).validate(made)
    assert not validator(load_schema("report")).is_valid(made)


def test_keys_of_other_reports_mean_the_same() -> None:
    """What both kinds of reports have is described in the same words."""
    many, few = load_schema("report-on-many"), load_schema("report")
    assert few["properties"].keys() - many["properties"].keys() == {"periods", "watched"}
    for name in few["properties"].keys() - {"periods", "watched", "computers"}:
        assert many["properties"][name] == few["properties"][name]
    for name in few["$defs"].keys() & many["$defs"].keys():
        assert many["$defs"][name] == few["$defs"][name]
    of_one = few["properties"]["computers"]["items"]["properties"]
    for name in of_one.keys() - {"host"}:
        assert many["$defs"]["computer"]["properties"][name] == of_one[name]


def test_it_has_every_computer_and_every_call() -> None:
    """However many there are, none is left out, and their figures add up to the total."""
    fleet = make_fleet(200)
    made = make_fleet_json(fleet)
    assert [one["host"] for one in made["computers"]] == [one.host for one in fleet.computers]
    assert sum(round(one["unused_for"] * 1000) for one in made["computers"]) == round(
        made["total"]["unused_for"] * 1000
    )
    calls = [(one["host"], one["unused_for"]) for one in made["plugged_in"]]
    assert calls == [(one.host, round(fleet.until - one.unused_since, 3)) for one in fleet.plugged_in]
    assert sum(made["shares"].values()) == sum(one["days"] > 0 for one in made["computers"])
