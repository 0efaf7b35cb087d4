"""Who may call the FHIR interface: a client whose certificate is verified, by CN and OU.

The certificate is verified by our own TLS listener, or by a proxy that proves itself with a secret. Without either,
only a demonstration answers.
"""

import hmac
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID
from starlette.requests import Request

from services.availability.interop.fhir.outcome import NoCertificate
from services.availability.interop.sas.settings import AllowedClient, SasSettings

PROXY_SECRET, PROXY_VERIFIED, PROXY_SUBJECT = "x-aiguillage-proxy", "x-ssl-client-verify", "x-ssl-client-s-dn"
CLIENT_CERTIFICATE = "client_certificate"


def admit(request: Request, settings: SasSettings, *, demo: bool) -> None:
    """Let a verified client in; raises `NoCertificate`."""
    certificate = getattr(request.state, CLIENT_CERTIFICATE, None)
    if certificate is not None:
        require_allowed(_subject_of(certificate), settings.clients)
    elif PROXY_SECRET in request.headers:
        require_allowed(_subject_from_proxy(request.headers, settings), settings.clients)
    elif not demo:
        raise NoCertificate(rule="mutual TLS")


def require_allowed(subject: tuple[set[str], set[str]], clients: Sequence[AllowedClient]) -> None:
    """Refuse a subject (common names, organizational units) that is not on the list."""
    names, units = subject
    if not any(client.cn in names and client.ou in units for client in clients):
        raise NoCertificate(field="subject", rule="an allowed CN with its OU")


def _subject_of(certificate: Mapping[str, Any]) -> tuple[set[str], set[str]]:
    """The subject as `ssl.SSLSocket.getpeercert` tells it."""
    pairs = [pair for part in certificate.get("subject", ()) for pair in part]
    return (
        {value for name, value in pairs if name == "commonName"},
        {value for name, value in pairs if name == "organizationalUnitName"},
    )


def _subject_from_proxy(headers: Mapping[str, str], settings: SasSettings) -> tuple[set[str], set[str]]:
    """The subject that a trusted proxy verified (RFC 4514, as nginx writes `$ssl_client_s_dn`)."""
    expected = settings.proxy_secret
    shown = headers.get(PROXY_SECRET, "")
    if expected is None or not hmac.compare_digest(shown.encode(), expected.get_secret_value().encode()):
        raise NoCertificate(field=PROXY_SECRET, rule="the proxy's secret")
    if headers.get(PROXY_VERIFIED) != "SUCCESS":
        raise NoCertificate(field=PROXY_VERIFIED, rule="SUCCESS")
    try:
        name = x509.Name.from_rfc4514_string(headers.get(PROXY_SUBJECT, ""))
    except ValueError:
        raise NoCertificate(field=PROXY_SUBJECT, rule="RFC 4514") from None
    return _values(name, NameOID.COMMON_NAME), _values(name, NameOID.ORGANIZATIONAL_UNIT_NAME)


def _values(name: x509.Name, oid: x509.ObjectIdentifier) -> set[str]:
    return {str(attribute.value) for attribute in name.get_attributes_for_oid(oid)}
