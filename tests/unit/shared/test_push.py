"""Web push by the book: the worked example of RFC 8291, and a token that RFC 8292 describes."""

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt

from services.people.notices.push import CURVE, PushIdentity, Subscription, encode_base64url, encrypt, plain, point_of

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
# RFC 8291, section 5 and appendix A.
EXAMPLE = Subscription.of(
    {
        "endpoint": "https://push.example.net/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV",
        "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "auth": "BTBZMqHH6r4Tts7J_aSIgg",
    }
)
SENDER = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_y"
    "l95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def test_a_payload_is_encrypted_as_in_the_example_of_rfc_8291() -> None:
    sender = ec.derive_private_key(int.from_bytes(plain(SENDER), "big"), CURVE)
    body = encrypt(
        b"When I grow up, I want to be a watermelon", EXAMPLE, salt=plain("DGv6ra1nlYgDCS1FRnbzlw"), sender=sender
    )
    assert encode_base64url(body) == BODY


def test_the_same_payload_never_looks_the_same_twice() -> None:
    assert encrypt(b"x", EXAMPLE) != encrypt(b"x", EXAMPLE)


def test_a_push_service_learns_who_we_are_and_for_how_long_the_token_holds() -> None:
    us = PushIdentity.fresh("https://cpts.example.fr")
    headers = us.headers(EXAMPLE.endpoint, topic="t", ttl_s=60, urgent=True, now=NOW)
    token, key = headers["Authorization"].removeprefix("vapid t=").split(", k=")
    claims = jwt.decode(token, us.key).claims
    assert claims["aud"] == "https://push.example.net"
    assert claims["sub"] == "https://cpts.example.fr"
    assert 0 < claims["exp"] - NOW.timestamp() <= 24 * 3600
    assert (len(plain(key)), plain(key)[:1]) == (65, b"\x04")
    assert (headers["TTL"], headers["Urgency"]) == ("60", "high")


@pytest.mark.parametrize(
    "broken", [{"p256dh": "AAAA"}, {"auth": "AAAA"}, {"auth": "é"}, {"p256dh": encode_base64url(b"\x04" + b"1" * 64)}]
)
def test_keys_that_are_none_are_refused(broken: dict[str, str]) -> None:
    public = encode_base64url(point_of(ec.generate_private_key(CURVE).public_key()))
    with pytest.raises(ValueError):  # noqa: PT011  whatever it says, the page says it in our words
        Subscription.of(
            {"endpoint": "https://push.example.net/1", "p256dh": public, "auth": encode_base64url(b"1" * 16), **broken}
        )
