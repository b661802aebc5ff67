"""`swx keys issue`: the first keys, of operators and authorities; everyone else applies over the API."""

import re
from enum import StrEnum
from typing import Annotated

import typer

from app.auth.actor import Role
from app.catalogue.reference import reference
from app.cli.databases import open_database
from app.cli.refusals import Refusal
from app.core.secrets import check_secret
from app.core.settings import Settings
from app.organisations.models import OrganisationStatus
from app.organisations.service import enrol

_DIGITS = re.compile(r"[0-9]{2}|[0-9]{4}|[0-9]{6}")
_LONGEST_NAME = 200


class IssuedRole(StrEnum):
    """Roles that no one can apply for."""

    OPERATOR = Role.OPERATOR
    GOVERNMENT = Role.GOVERNMENT


def issue_key(
    role: Annotated[IssuedRole, typer.Option(help="What the key's organisation is.")],
    name: Annotated[str, typer.Option(help="Name of the organisation, such as 重庆市生态环境局.")],
    jurisdiction: Annotated[
        str | None,
        typer.Option(help="District key or its first 2, 4 or 6 digits (50: Chongqing); none: the whole country."),
    ] = None,
) -> None:
    """Enrol an organisation and print its key, alone on one line; it is shown this once."""
    settings = Settings()
    check_secret(settings)
    name = name.strip()
    if not 0 < len(name) <= _LONGEST_NAME:
        raise Refusal(f"--name takes 1 to {_LONGEST_NAME} characters.")
    if jurisdiction is not None:
        _check_jurisdiction(jurisdiction, role)
    pepper = settings.secret.get_secret_value().encode()
    with open_database(settings) as database, database.write() as session:
        _, key_text = enrol(
            session, [Role(role)], pepper, name=name, status=OrganisationStatus.ACTIVE, jurisdiction=jurisdiction
        )
        session.commit()
    typer.echo(key_text)


def _check_jurisdiction(jurisdiction: str, role: IssuedRole) -> None:
    if role is not IssuedRole.GOVERNMENT:
        raise Refusal("Only an authority (--role government) has a jurisdiction; an operator sees everything.")
    if _DIGITS.fullmatch(jurisdiction) or jurisdiction in reference().districts:
        return
    near = reference().near_names("districts", jurisdiction)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    raise Refusal(f"--jurisdiction {jurisdiction}: give 2, 4 or 6 digits or a key of GET /v1/districts.{hint}")
