"""What may be logged."""

import io
import json

import structlog

from shared.running.telemetry import configure_logging


def test_a_field_that_is_not_listed_never_reaches_the_log() -> None:
    out = io.StringIO()
    configure_logging(out)
    try:
        structlog.get_logger().info("slot_held", slot="s-1", patient="Test TEST", phone="+33100000000")
    finally:
        structlog.reset_defaults()
    assert json.loads(out.getvalue())["slot"] == "s-1"
    assert "TEST" not in out.getvalue()
    assert "+331" not in out.getvalue()
