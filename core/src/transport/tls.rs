//! TLS for the client: rustls with ring, and whom it trusts.
//!
//! Trust comes from `ca_bundle`, else from the file that `SSL_CERT_FILE` names, else from the machine's own store
//! through its verifier, which knows the company's authorities; and where a machine has no store at all, from
//! Mozilla's list, if that is built in. Checks cannot be turned off.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};

use crate::error::{Error, ErrorKind, Result};

/// The settings of every connection of one client. `ca_bundle` is instead of the machine's authorities;
/// `client_cert` names the PEM files of a certificate and its key; `cert_file` is the value of `SSL_CERT_FILE`.
pub(super) fn config(
    ca_bundle: Option<&Path>,
    client_cert: Option<&(PathBuf, PathBuf)>,
    cert_file: Option<PathBuf>,
) -> Result<ClientConfig> {
    // Given here rather than installed for the process, which belongs to the application.
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable("TLS cannot be set up", error))?;
    let builder = match ca_bundle {
        Some(bundle) => {
            let roots = authorities(bundle)
                .map_err(|what| refused(format!("ca_bundle {}: {what}", bundle.display())))?;
            builder.with_root_certificates(roots)
        }
        None => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Machine {
                provider,
                cert_file,
                verifier: OnceLock::new(),
            })),
    };
    let mut config = match client_cert {
        None => builder.with_no_client_auth(),
        Some((cert, key)) => {
            let chain = certificates(cert)
                .map_err(|what| refused(format!("client_cert {}: {what}", cert.display())))?;
            let private = PrivateKeyDer::from_pem_file(key)
                .map_err(|error| refused(format!("client_cert key {}: {error}", key.display())))?;
            builder
                .with_client_auth_cert(chain, private)
                .map_err(|error| {
                    refused(format!(
                        "client_cert {} with {}: {error}",
                        cert.display(),
                        key.display()
                    ))
                })?
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Every certificate of a PEM file.
fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| error.to_string())?;
    if certificates.is_empty() {
        return Err("it holds no certificate in PEM form".to_owned());
    }
    Ok(certificates)
}

/// The certificates of a PEM file as authorities.
fn authorities(file: &Path) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file)? {
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    Ok(roots)
}

/// The machine's trust, looked up at the first handshake: reading some hundred authorities takes
/// milliseconds, which neither opening an engine nor a host on this machine should cost.
#[derive(Debug)]
struct Machine {
    provider: Arc<CryptoProvider>,
    cert_file: Option<PathBuf>,
    verifier: OnceLock<Result<Arc<dyn ServerCertVerifier>, rustls::Error>>,
}

impl Machine {
    fn verifier(&self) -> Result<&dyn ServerCertVerifier, rustls::Error> {
        match self.verifier.get_or_init(|| self.look_up()) {
            Ok(verifier) => Ok(verifier.as_ref()),
            Err(error) => Err(error.clone()),
        }
    }

    fn look_up(&self) -> Result<Arc<dyn ServerCertVerifier>, rustls::Error> {
        let provider = Arc::clone(&self.provider);
        if let Some(file) = &self.cert_file {
            let roots = authorities(file).map_err(|what| {
                rustls::Error::General(format!("SSL_CERT_FILE {}: {what}", file.display()))
            })?;
            return trusting(roots, provider);
        }
        match rustls_platform_verifier::Verifier::new(Arc::clone(&provider)) {
            Ok(verifier) => Ok(Arc::new(verifier)),
            Err(error) => built_in(error, provider),
        }
    }
}

/// Mozilla's authorities.
#[cfg(feature = "webpki-roots")]
fn built_in(
    _: rustls::Error,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, rustls::Error> {
    trusting(
        RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        provider,
    )
}

#[cfg(not(feature = "webpki-roots"))]
fn built_in(
    error: rustls::Error,
    _: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, rustls::Error> {
    Err(error)
}

fn trusting(
    roots: RootCertStore,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, rustls::Error> {
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map(|verifier| verifier as Arc<dyn ServerCertVerifier>)
        .map_err(|error| rustls::Error::General(error.to_string()))
}

impl ServerCertVerifier for Machine {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.verifier()?.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        )
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

fn refused(message: String) -> Error {
    Error::new(ErrorKind::ConfigError, message)
}

fn unusable(what: &str, error: rustls::Error) -> Error {
    Error::new(ErrorKind::Internal, format!("{what}: {error}")).with_source(error)
}
