"""The message that brings a link: an invitation, or a reset somebody asked for."""

from typing import Literal
from uuid import uuid4

import aiosmtplib
import structlog

from services.people.notices.mail import MailSettings, Undeliverable, letter, send
from shared.wording.labels import wording

LinkKind = Literal["invitation", "reset"]
log = structlog.get_logger()


async def send_link(mail: MailSettings, *, to: str, url: str, kind: LinkKind, language: str) -> bool:
    """Send it now; false when no server is set or it did not take the message: whoever waits is told so."""
    if not mail.ready:
        return False
    words = wording(language)
    public = url.partition("/acces#")[0]
    try:
        message = letter(
            sender=mail.sender,
            to=to,
            subject=words.say(f"access.{kind}.subject"),
            lines=[words.say(f"access.{kind}.text"), "", url, "", words.say("access.ignore")],
            message_id=f"<{uuid4()}@{public.partition('//')[2].partition(':')[0] or 'aiguillage'}>",
            preferences=f"{public}/preferences",
        )
        await send(mail, message)
    except (Undeliverable, aiosmtplib.SMTPException, OSError) as error:
        log.warning("link_not_sent", error=type(error).__name__)
        return False
    return True
