"""Our own listener for the SAS: TLS that demands a client certificate, its chain and its revocation lists."""

import ssl
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from services.availability.fhir.access import CLIENT_CERTIFICATE
from services.availability.fhir.settings import SasSettings


class IncompleteTls(ValueError):
    """AIGUILLAGE_SAS_TLS_CERTIFICATE, _KEY, _ISSUERS and _REVOKED must all be set to terminate TLS here."""


class MutualTlsProtocol(H11Protocol):
    """Hands the verified client certificate to each request, as `request.state.client_certificate`."""

    def connection_made(self, transport: Any) -> None:
        """Remember the certificate of this connection."""
        certificate = transport.get_extra_info("peercert")
        self.app_state = {**self.app_state, CLIENT_CERTIFICATE: certificate or {}}
        super().connection_made(transport)


def server_context(settings: SasSettings) -> ssl.SSLContext:
    """TLS 1.2 or newer; a client without a valid certificate, or with a revoked one, fails the handshake."""
    files = (settings.tls_certificate, settings.tls_key, settings.tls_issuers, settings.tls_revoked)
    if None in files:
        raise IncompleteTls(IncompleteTls.__doc__)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(str(settings.tls_certificate), str(settings.tls_key))
    context.load_verify_locations(str(settings.tls_issuers))
    context.load_verify_locations(str(settings.tls_revoked))
    context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    return context


def client_context(settings: SasSettings) -> ssl.SSLContext:
    """How we present ourselves to the SAS."""
    context = ssl.create_default_context(cafile=str(settings.returns_issuers) if settings.returns_issuers else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.returns_certificate:
        context.load_cert_chain(str(settings.returns_certificate), str(settings.returns_key))
    return context


def listener(app: ASGIApp, settings: SasSettings, *, host: str, port: int) -> uvicorn.Server:
    """A server of `app` that only speaks mutual TLS."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            http=MutualTlsProtocol,
            ssl_context_factory=lambda _config, _default: server_context(settings),
            log_config=None,
            access_log=False,
            server_header=False,
        )
    )
