from tests.real_schema import real_schema

__all__ = ["real_schema"]
