"""Our own listener for the SAS: TLS that demands a client certificate, its chain and its revocation lists."""

import ssl
from pathlib import Path
from typing import Any

import structlog
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from services.availability.interop.sas.access import CLIENT_CERTIFICATE
from services.availability.interop.sas.settings import SasSettings

log = structlog.get_logger()


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
    # A resumed session is not verified again: who was revoked since would stay in.
    context.options |= ssl.OP_NO_TICKET
    return context


class Renewed:
    """The listener's context, made anew when one of its files changed: certificates and revocations are renewed while
    it runs. Files that cannot be read leave the former ones in force."""

    def __init__(self, settings: SasSettings) -> None:
        """Reads the files; raises as `server_context` does."""
        self._settings = settings
        self._seen = self._stamps()
        self._current = server_context(settings)

    def first(self) -> ssl.SSLContext:
        """A context whose handshakes each use the files as they are now."""
        context = server_context(self._settings)
        context.sni_callback = self._choose
        return context

    def _choose(self, connection: ssl.SSLObject, _name: str | None, _first: ssl.SSLContext) -> None:
        stamps = self._stamps()
        if stamps != self._seen:
            self._seen = stamps
            try:
                self._current = server_context(self._settings)
            except OSError as error:
                log.warning("sas_tls_not_renewed", error=type(error).__name__)
        connection.context = self._current

    def _stamps(self) -> tuple[tuple[int, int, int] | None, ...]:
        told = self._settings
        files = (told.tls_certificate, told.tls_key, told.tls_issuers, told.tls_revoked)
        return tuple(_stamp(file) for file in files if file)


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def client_context(certificate: Path | None, key: Path | None, issuers: Path | None) -> ssl.SSLContext:
    """How we present ourselves to others, and whose certificates we believe; raises OSError for a file unreadable."""
    context = ssl.create_default_context(cafile=str(issuers) if issuers else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if certificate:
        context.load_cert_chain(str(certificate), str(key) if key else None)
    return context


def listener(app: ASGIApp, settings: SasSettings, *, host: str, port: int) -> uvicorn.Server:
    """A server of `app` that only speaks mutual TLS."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            http=MutualTlsProtocol,
            ssl_context_factory=lambda _config, _default: Renewed(settings).first(),
            log_config=None,
            access_log=False,
            server_header=False,
        )
    )
