"""E-mail over an encrypted connection, with a password; and settings that would betray it."""

import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import aiosmtplib
import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword
from pydantic import SecretStr, ValidationError

from services.people.notices.mail import MailSettings, Undeliverable, letter, send
from tests.authority import Authority
from tests.integration.notices.conftest import SENDER, mailroom_at
from tests.processes import free_port


def admit(_server: object, _session: object, _envelope: object, _mechanism: str, given: object) -> AuthResult:
    """One user, one password."""
    known = isinstance(given, LoginPassword) and (given.login, given.password) == (b"avis", b"essai")
    return AuthResult(success=known, handled=known)


async def test_a_message_leaves_under_starttls_with_a_password_to_the_server_that_was_meant(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "essai")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*authority.issue("smtp", "essai"))
    settings = MailSettings(
        host="127.0.0.1",
        port=free_port(),
        issuers=authority.certificate,
        user="avis",
        password=SecretStr("essai"),
        sender=SENDER,
    )
    message = letter(
        sender=SENDER, to="a@example.org", subject="é", lines=["ligne"], message_id="<1@x>", preferences="https://x"
    )
    server = {"tls_context": context, "require_starttls": True, "authenticator": admit, "auth_required": True}
    with mailroom_at(settings, **server) as room:
        await send(settings, message)
        assert [each["Subject"] for each in room.letters] == ["é"]
        written = parsedate_to_datetime(room.letters[0]["Date"])
        assert abs((datetime.now(UTC) - written).total_seconds()) < 3600  # noqa: TID251  a real server's clock
        with pytest.raises(aiosmtplib.SMTPAuthenticationError):
            await send(settings.model_copy(update={"password": SecretStr("faux")}), message)
        with pytest.raises(ssl.SSLCertVerificationError):
            await send(settings.model_copy(update={"issuers": None}), message)
        assert len(room.letters) == 1


@pytest.mark.parametrize("wrong", [{"sender": ""}, {"security": "none"}])
def test_settings_without_a_sender_or_in_clear_across_a_network_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        MailSettings.model_validate({"host": "smtp.example.org", "sender": SENDER, **wrong})


def test_an_address_that_no_message_can_carry_is_undeliverable() -> None:
    with pytest.raises(Undeliverable, match="address"):
        letter(
            sender=SENDER, to="a\x1cb@example.org", subject="é", lines=[], message_id="<1@x>", preferences="https://x"
        )
