"""The API documents work without anything from outside."""

import re

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
def test_a_page_loads_only_from_here(page: str, application: FastAPI) -> None:
    client = TestClient(application)
    answer = client.get(page)
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    addresses = re.findall(r'(?:src|href|spec-url)="([^"]+)"', answer.text)
    assert addresses
    for address in addresses:
        assert address.startswith(("/static/", "/openapi.json", "data:,")), address
        if address.startswith("/"):
            assert client.get(address).status_code == 200, address
