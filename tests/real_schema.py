"""Shopify's real Admin schema, 2026-10, for tests that hold something against it.

Parsing it takes some four seconds, so what was parsed is kept beside pytest's other memories and is good
until the file or graphql-core changes. Import the fixture `real_schema` in a conftest; without the file its
tests are skipped.
"""

import gzip
import hashlib
import pickle
from pathlib import Path

import graphql
import pytest
from graphql import DocumentNode, GraphQLSchema, build_ast_schema, parse

FILE = Path(__file__).resolve().parents[2] / "shared" / "shopify" / "admin_2026-10.graphql.gz"


@pytest.fixture(scope="session")
def real_schema(request: pytest.FixtureRequest) -> GraphQLSchema:
    """Built once in a run; skips where the file is not there."""
    if not FILE.exists():
        pytest.skip("../shared/shopify/admin_2026-10.graphql.gz is not there")
    cache: pytest.Cache = request.config.cache
    return build_ast_schema(_parsed(cache.mkdir("real_schema")), assume_valid=True, assume_valid_sdl=True)


def _parsed(folder: Path) -> DocumentNode:
    packed = FILE.read_bytes()
    name = hashlib.sha256(packed + graphql.__version__.encode()).hexdigest()[:16]
    kept = folder / f"{name}.pickle"
    if kept.exists():
        document = pickle.loads(kept.read_bytes())
        assert isinstance(document, DocumentNode)
        return document
    document = parse(gzip.decompress(packed).decode(), no_location=True)
    # Under a name of its own first: the other half of the tests may be reading.
    fresh = folder / f"{name}.{id(document)}"
    fresh.write_bytes(pickle.dumps(document))
    fresh.replace(kept)
    return document
