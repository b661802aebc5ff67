"""One request, one transaction: it is stored before it is acknowledged, or not at all."""

from sqlalchemy import text

from app.core.database import Database
from tests.factories import CHANGSHOU, World

_ORPHANS = (
    "CREATE TABLE parents (id INTEGER PRIMARY KEY)",
    "CREATE TABLE orphans (id INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)",
)
_SQLITE = ("CREATE TRIGGER spoil AFTER INSERT ON sites BEGIN INSERT INTO orphans VALUES (1); END",)
_POSTGRESQL = (
    (
        "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql "
        "AS 'BEGIN INSERT INTO orphans VALUES (1); RETURN NULL; END'"
    ),
    "CREATE TRIGGER spoil AFTER INSERT ON sites FOR EACH ROW EXECUTE FUNCTION spoil()",
)


def test_a_commit_that_fails_is_never_acknowledged(world: World, database: Database) -> None:
    """The spoilt row breaks a deferred constraint, so every statement succeeds and only COMMIT fails."""
    producer = world.producer()
    spoiling = _POSTGRESQL if database.engine.dialect.name == "postgresql" else _SQLITE
    with database.write() as session:
        for statement in (*_ORPHANS, *spoiling):
            session.execute(text(statement))
        session.commit()
    answer = producer.request("POST", "/sites", json={"name": "gate", **CHANGSHOU})
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "commit_failed"
    assert producer.get("/sites")["items"] == []
