//! HTTPS with a certificate that is made at the start, for `localhost` and 127.0.0.1 alone.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType,
};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

/// What a portal needs to speak TLS.
pub(super) struct Tls {
    pub(super) acceptor: TlsAcceptor,
    /// The certificate of the authority that callers have to trust, as PEM.
    pub(super) authority: String,
}

/// The names that the certificate is for.
const NAMES: &[&str] = &["localhost", "portal.localhost"];

impl Tls {
    /// Makes an authority and a certificate signed by it. Their keys are nowhere but in this process.
    ///
    /// # Errors
    /// When no key can be made.
    pub(super) fn new() -> Result<Self, String> {
        let told = |error: &dyn std::fmt::Display| format!("cannot make a certificate: {error}");
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        authority.distinguished_name.push(DnType::CommonName, "Simulated portal, authority of one run");
        let authority_key = KeyPair::generate().map_err(|error| told(&error))?;
        let authority_certificate = authority.self_signed(&authority_key).map_err(|error| told(&error))?;
        let issuer = Issuer::new(authority, authority_key);

        let names: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
        let mut own = CertificateParams::new(names).map_err(|error| told(&error))?;
        own.subject_alt_names.push(SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)));
        own.distinguished_name.push(DnType::CommonName, "localhost");
        own.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        own.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        own.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(|error| told(&error))?;
        let certificate = own.signed_by(&key, &issuer).map_err(|error| told(&error))?;

        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| told(&error))?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .map_err(|error| told(&error))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), authority: authority_certificate.pem() })
    }
}
