"""Whether slots are published for everybody, and where the public books (`AIGUILLAGE_BULK_…`)."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class BulkSettings(BaseSettings):
    """Off unless it is asked for: whoever knows the address may read it."""

    model_config = SettingsConfigDict(env_prefix="AIGUILLAGE_BULK_", extra="ignore")

    publish: bool = False
    """Publish public slots for any site (SMART Scheduling Links)."""
    booking_url: str = Field(default="", pattern=r"^(https?://\S+)?$")
    """Where the public books with a practitioner; `{rpps}` is replaced. Empty: by phone."""
    max_age_s: int = Field(default=60, ge=1, le=3600)
    """How old what is published may be, in seconds."""
