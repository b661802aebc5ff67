"""One lot held against limits, a grade, a use: the law is shown here, where searches list no closed lot."""

from app.core.clock import today
from tests.factories import World


def test_the_law_that_closes_a_use_is_named(world: World) -> None:
    producer, recycler = world.producer(), world.recycler()
    lot = world.lot(producer, material="steel_slag", assay=None)
    shown = recycler.get(f"/lots/{lot['id']}/verdict", use="cement_mixing_material")
    assert shown["verdict"] == "fail"
    assert "GB 175-2023" in shown["closed_by"]["text"]
    assert shown["closed_by"]["source"] == "gb175-2023-steelslag"
    assert shown["remedies"] == []
    listed = recycler.get("/lots", use="cement_mixing_material", verdict="pass,unknown,fail")
    assert listed["items"] == []


def test_limits_are_answered_one_by_one(world: World) -> None:
    results = [{"parameter": "caso4_2h2o", "value": 80}]
    lot = world.lot(world.producer(), assay={"sampled_on": str(today()), "results": results})
    shown = world.recycler().get(f"/lots/{lot['id']}/verdict", spec=["caso4_2h2o>=85", "ph=6..9"])
    assert [(row["parameter"], row["verdict"]) for row in shown["criteria"]] == [
        ("caso4_2h2o", "fail"),
        ("ph", "unknown"),
    ]
    assert (shown["verdict"], shown["distance_km"]) == ("fail", None)


def test_a_use_for_another_material_is_a_fault(world: World) -> None:
    lot = world.lot(world.producer())
    answer = world.recycler().request("GET", f"/lots/{lot['id']}/verdict", params={"use": "tyre_recycling"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "use")
    assert world.recycler().request("GET", f"/lots/{world.producer().id}/verdict").status_code == 404
