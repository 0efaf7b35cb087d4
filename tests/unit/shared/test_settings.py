"""What the services accept from their environment."""

import pytest
from pydantic import ValidationError

from shared.settings import DEMO_SECRET, Settings


def settings(**values: object) -> Settings:
    return Settings.model_validate(
        {"database_url": "postgresql+asyncpg://owner@/x", "redis_url": "redis://x", **values}
    )


def test_the_default_secret_is_refused_outside_a_demonstration() -> None:
    with pytest.raises(ValidationError, match="still has its default"):
        settings(demo=False)


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValidationError, match="at least 32 characters"):
        settings(demo=False, secret_key="short")


def test_a_demonstration_may_keep_the_default_secret() -> None:
    assert settings(demo=True).secret_key.get_secret_value() == DEMO_SECRET


def test_every_purpose_has_its_own_secret() -> None:
    mine = settings(demo=True)
    secrets = {mine.role_password("a"), mine.role_password("b"), mine.machine_token("a"), mine.derive("x").hex()}
    assert len(secrets) == 4


def test_a_service_logs_in_as_its_own_role() -> None:
    url = settings(demo=True).role_url("aiguillage_matching")
    assert url.startswith("postgresql+asyncpg://aiguillage_matching:")


def test_secrets_do_not_show_when_settings_are_printed() -> None:
    assert DEMO_SECRET not in repr(settings(demo=True))
