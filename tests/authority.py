"""A certification authority made by the tests, like IGC-Santé: it issues and revokes certificates."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW = datetime.now(UTC)  # noqa: TID251  certificates are valid by the real clock


def _name(cn: str, ou: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, ou), x509.NameAttribute(NameOID.COMMON_NAME, cn)]
    )


@dataclass(slots=True)
class Authority:
    """Writes what it issues into `folder`."""

    folder: Path
    name: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def __post_init__(self) -> None:
        """Sign itself."""
        self._write(self.name, self._signed(_name(self.name, "AC"), self.key, authority=True), self.key)

    @property
    def certificate(self) -> Path:
        """Its own certificate."""
        return self.folder / f"{self.name}.pem"

    def issue(self, cn: str, ou: str, *, days: int = 30) -> tuple[Path, Path]:
        """A certificate and its key, valid for so many days (in the past when negative)."""
        key = ec.generate_private_key(ec.SECP256R1())
        stem = f"{self.name}-{cn}-{ou}-{days}"
        return self._write(stem, self._signed(_name(cn, ou), key, days=days), key)

    def revoke(self, *certificates: Path, days: int = 30) -> Path:
        """The list of these revoked certificates."""
        builder = x509.CertificateRevocationListBuilder(_name(self.name, "AC"))
        builder = builder.last_update(NOW - timedelta(days=40)).next_update(NOW + timedelta(days=days))
        for certificate in certificates:
            number = x509.load_pem_x509_certificate(certificate.read_bytes()).serial_number
            revoked = x509.RevokedCertificateBuilder().serial_number(number).revocation_date(NOW - timedelta(days=1))
            builder = builder.add_revoked_certificate(revoked.build())
        path = self.folder / f"{self.name}-{days}.crl.pem"
        path.write_bytes(builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        return path

    def _signed(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, authority: bool = False, days: int = 30
    ) -> x509.Certificate:
        unused = (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        )
        signs = {"digital_signature": True, "key_cert_sign": authority, "crl_sign": authority}
        usage = x509.KeyUsage(**signs, **dict.fromkeys(unused, False))
        builder = (
            x509.CertificateBuilder(_name(self.name, "AC"), subject, key.public_key(), x509.random_serial_number())
            .not_valid_before(NOW - timedelta(days=60))
            .not_valid_after(NOW + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        )
        return builder.sign(self.key, hashes.SHA256())

    def _write(self, stem: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> tuple[Path, Path]:
        files = self.folder / f"{stem}.pem", self.folder / f"{stem}.key"
        files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        files[1].write_bytes(private)
        return files
