"""OAuth2 client credentials: a short-lived token that can do what its key can, or less, and ends with it."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
import pytest
from sqlalchemy import update

from app.auth.models import ApiKey
from app.core.clock import now
from app.core.database import Database
from app.core.secrets import derive_key
from tests.factories import PEPPER, Body, Member, World

PATH = "/v1/oauth2/token"
SIGNING_KEY = derive_key(PEPPER, "access token")
OTHER = "0123456789abcdef0123456789abcdef"
REFUSED: list[tuple[Body, int, str]] = [
    ({"client_secret": "wrong"}, 401, "invalid_client"),
    ({"client_secret": f"swx_{OTHER}_wrong"}, 401, "invalid_client"),
    ({"client_id": "me"}, 401, "invalid_client"),
    ({"client_id": OTHER}, 401, "invalid_client"),
    ({"client_secret": ""}, 401, "invalid_client"),
    ({"client_id": ""}, 401, "invalid_client"),
    ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ({"grant_type": ""}, 400, "invalid_request"),
    ({"grant_type": ["client_credentials", "client_credentials"]}, 400, "invalid_request"),
    ({"scope": "lots:write demands:write"}, 400, "invalid_scope"),
    ({"scope": "everything"}, 400, "invalid_scope"),
]


def _ask(world: World, form: Body, path: str = PATH, **headers: str) -> Any:  # noqa: ANN401 - a response
    return world.client.post(path, data={"grant_type": "client_credentials"} | form, headers=headers)


def _credentials(member: Member) -> Body:
    return {"client_id": member.get("/keys")["items"][-1]["id"], "client_secret": member.key}


def _basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def _bear(world: World, answer: Any) -> Member:  # noqa: ANN401 - a response
    assert answer.status_code == 200, answer.text
    return Member(world.client, "", "", answer.json()["access_token"])


def test_a_token_is_good_wherever_its_key_is(world: World) -> None:
    producer = world.producer()
    answer = _ask(world, _credentials(producer))
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 900)
    me = producer.get("/me")
    assert body["scope"].split() == me["scopes"]
    mine = _bear(world, answer).get("/me")
    assert mine | {"key_expires_at": None} == me
    assert datetime.fromisoformat(mine["key_expires_at"]) <= now() + timedelta(minutes=15)
    world.site(_bear(world, answer))
    claims = jwt.decode(body["access_token"], SIGNING_KEY, algorithms=["HS256"])
    assert claims.keys() == {"sub", "scope", "iat", "exp", "jti"}


@pytest.mark.parametrize("path", [PATH, "/oauth2/token"])
def test_credentials_come_in_the_form_or_the_header(world: World, path: str) -> None:
    producer = world.producer()
    known = _credentials(producer)
    bare = producer.key.split("_", 2)[2]
    assert _ask(world, known | {"client_secret": bare}, path).status_code == 200
    assert _ask(world, known | {"audience": "any"}, path).status_code == 200, "unknown fields are ignored"
    for secret in (producer.key, bare):
        header = {"Authorization": _basic(known["client_id"], secret)}
        assert _ask(world, {}, path, **header).status_code == 200
        assert _ask(world, {"client_id": known["client_id"]}, path, **header).status_code == 200


def test_a_token_of_fewer_scopes(world: World) -> None:
    producer = world.producer()
    answer = _ask(world, _credentials(producer) | {"scope": "market:read keys:write"})
    assert answer.json()["scope"] == "keys:write market:read"
    token = _bear(world, answer)
    assert token.get("/me")["scopes"] == ["keys:write", "market:read"]
    assert token.request("GET", "/ledger/balances").json()["code"] == "scope_required"


def test_a_token_cannot_lengthen_its_own_life(world: World) -> None:
    """Neither by a key of its own, nor by rotating the one that it comes from."""
    producer = world.producer()
    known = _credentials(producer)
    token = _bear(world, _ask(world, known))
    soon = token.post("/keys", {"name": "gate", "scopes": ["market:read"]})
    assert datetime.fromisoformat(soon["expires_at"]) <= now() + timedelta(minutes=15)
    later = (now() + timedelta(hours=1)).isoformat()
    refused = token.post("/keys", {"name": "gate", "scopes": ["market:read"], "expires_at": later}, status=403)
    assert refused["code"] == "time_exceeded"
    assert token.post(f"/keys/{known['client_id']}/rotate", {}, status=403)["code"] == "time_exceeded"
    narrow = _bear(world, _ask(world, known | {"scope": "keys:write"}))
    wish = {"name": "gate", "scopes": ["market:read"]}
    assert narrow.post("/keys", wish, status=403)["code"] == "scope_exceeded"
    again = {"client_id": known["client_id"], "client_secret": token.key}
    assert _ask(world, again).json()["error"] == "invalid_client"


def test_a_token_never_outlives_its_key(world: World) -> None:
    producer = world.producer()
    brief = (now() + timedelta(seconds=100)).isoformat()
    key = producer.post("/keys", {"name": "gate", "scopes": ["market:read"], "expires_at": brief})
    answer = _ask(world, {"client_id": key["id"], "client_secret": key["key"]})
    assert 90 <= answer.json()["expires_in"] <= 100


def test_what_ends_a_key_ends_its_tokens(world: World, database: Database) -> None:
    producer, operator = world.producer(), world.operator()
    known = _credentials(producer)
    made = producer.post("/keys", {"name": "gate", "scopes": ["market:read"]})
    token = _bear(world, _ask(world, {"client_id": made["id"], "client_secret": made["key"]}))
    assert token.get("/me")
    producer.request("DELETE", f"/keys/{made['id']}")
    assert token.request("GET", "/me").json()["code"] == "key_expired"
    refused = _ask(world, {"client_id": made["id"], "client_secret": made["key"]})
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
    whole = _bear(world, _ask(world, known))
    with database.write() as session:
        session.execute(update(ApiKey).where(ApiKey.id == UUID(known["client_id"])).values(scopes=["market:read"]))
        session.commit()
    assert whole.get("/me")["scopes"] == ["market:read"], "what the key has lost, its tokens have lost"
    assert whole.get("/lots")["items"] == []
    operator.post(f"/organisations/{producer.id}/suspend", status=200)
    assert whole.request("GET", "/lots").status_code == 403


def test_refusals_are_those_of_the_rfc(world: World) -> None:
    known = _credentials(world.producer())
    for changes, status, error in REFUSED:
        answer = _ask(world, known | changes)
        body = answer.json()
        assert (answer.status_code, body["error"], body["code"]) == (status, error, error), changes
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["cache-control"] == "no-store"
        assert body["error_description"] == body["detail"]


def test_bodies_that_are_no_form(world: World) -> None:
    known = _credentials(world.producer())
    assert world.client.post(PATH, json=known).json()["error"] == "invalid_request"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for content in (b"", b"\xff", b"%", b"&".join(b"a%d=1" % number for number in range(50))):
        answer = world.client.post(PATH, content=content, headers=form)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request"), content


def test_the_header_of_basic(world: World) -> None:
    known = _credentials(world.producer())
    wrong = _ask(world, {}, Authorization=_basic(known["client_id"], "wrong"))
    assert (wrong.status_code, wrong.headers["www-authenticate"]) == (401, "Basic")
    assert _ask(world, {}, Authorization="Basic ?").json()["error"] == "invalid_client"
    twice = _ask(world, known, Authorization=_basic(known["client_id"], known["client_secret"]))
    assert twice.json()["error"] == "invalid_request"


def _sign(claims: Body, key: bytes = SIGNING_KEY, typ: str = "at+jwt") -> str:
    return jwt.encode(claims, key, algorithm="HS256", headers={"typ": typ})


def _sign_longer(payload: str) -> str:
    signed = f"{_encode({'alg': 'HS512', 'typ': 'at+jwt'})}.{payload}"
    digest = hmac.new(SIGNING_KEY, signed.encode(), hashlib.sha512).digest()
    return f"{signed}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def _encode(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def test_no_token_but_ours_is_believed(world: World) -> None:
    producer = world.producer()
    first = _ask(world, _credentials(producer) | {"scope": "market:read"}).json()["access_token"]
    claims = jwt.decode(first, SIGNING_KEY, algorithms=["HS256"])
    header, payload, signature = first.split(".")
    wider = _encode(claims | {"scope": "market:read keys:write"})
    forged = {
        "altered claims": f"{header}.{wider}.{signature}",
        "altered signature": f"{header}.{payload}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}",
        "no signature": f"{header}.{payload}.",
        "algorithm none": f"{_encode({'alg': 'none', 'typ': 'at+jwt'})}.{wider}.",
        "algorithm None": f"{_encode({'alg': 'None', 'typ': 'at+jwt'})}.{wider}.",
        "algorithm none, signed": f"{_encode({'alg': 'none', 'typ': 'at+jwt'})}.{payload}.{signature}",
        "algorithm of keys that are public": f"{_encode({'alg': 'RS256', 'typ': 'at+jwt'})}.{payload}.{signature}",
        "another algorithm under our key": _sign_longer(payload),
        "the pepper itself": _sign(claims, (PEPPER * 2)[:32]),
        "another secret": _sign(claims, derive_key(b"another secret of 32 bytes or more", "access token")),
        "another purpose": _sign(claims, derive_key(PEPPER, "something else")),
        "another type": _sign(claims, typ="JWT"),
        "nobody's key": _sign(claims | {"sub": OTHER}),
        "no key": _sign(claims | {"sub": "me"}),
        "scopes that are none": _sign(claims | {"scope": "everything"}),
        "scopes that are no text": _sign(claims | {"scope": "x"}),
        "deep header": f"{'W1tb' * 400}.{payload}.{signature}",
        "long": f"{header}.{payload * 50}.{signature}",
        "empty": "..",
    }
    forged |= {
        f"without {claim}": _sign({name: value for name, value in claims.items() if name != claim})
        for claim in ("sub", "scope", "exp", "iat", "jti")
    }
    for what, token in forged.items():
        answer = world.client.get("/v1/me", headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), (what, answer.text)
    late = _sign(claims | {"exp": datetime.now(UTC) - timedelta(seconds=1)})
    answer = world.client.get("/v1/me", headers={"Authorization": f"Bearer {late}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "token_expired")
    assert world.client.get("/v1/me", headers={"Authorization": f"Bearer {first}"}).status_code == 200
