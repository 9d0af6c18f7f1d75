//! How a server is connected to.

use std::sync::OnceLock;
use std::time::Duration;

use url::Url;

use crate::error::{Error, Result};
use crate::secret::Secret;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Settings of the connection. Connections are kept alive and shared by the clones of a client; HTTP/2 is used where
/// the server offers it, and answers may come compressed with gzip.
///
/// ```
/// # #[cfg(feature = "sandbox")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use bitrix24_runtime::{sandbox::Sandbox, table::Tables};
/// # let portal = Sandbox::new(&Tables::EMPTY).tls().start()?;
/// # let address = portal.secure_webhook().ok_or("it speaks https")?;
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("company-ca.pem");
/// # std::fs::write(&path, portal.certificate().ok_or("it has one")?)?;
/// use std::time::Duration;
/// use bitrix24_runtime::{Client, Transport, json};
///
/// // A certificate authority of the company; `proxy("http://proxy.example.org:3128")` names a proxy.
/// let transport = Transport::new().extra_ca(std::fs::read(&path)?)?.no_proxy().connect_timeout(Duration::from_secs(30));
/// let client = Client::builder(&address).transport(transport).build()?;
/// client.call("server.time", json!({})).await?;
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sandbox"))]
/// # fn main() {}
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Transport {
    connect_timeout: Duration,
    read_timeout: Option<Duration>,
    http1_only: bool,
    /// May hold a password.
    proxy: Proxy,
    authorities: Vec<reqwest::Certificate>,
}

#[derive(Clone, Debug)]
enum Proxy {
    /// What the variables `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` say, for https.
    Environment,
    None,
    At(Secret),
}

impl Default for Transport {
    fn default() -> Self {
        Self {
            connect_timeout: CONNECT_TIMEOUT,
            read_timeout: None,
            http1_only: false,
            proxy: Proxy::Environment,
            authorities: Vec::new(),
        }
    }
}

impl Transport {
    /// The usual settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long connecting may take, TLS included; 10 seconds if not set.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long the server may stay silent while its answer is awaited or read; as long as the whole request may take if
    /// not set. The portal works on a request for up to 60 seconds before it says anything.
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.read_timeout = Some(timeout);
        self
    }

    /// Whether HTTP/2 is left alone even where the server offers it.
    pub fn http1_only(mut self, only: bool) -> Self {
        self.http1_only = only;
        self
    }

    /// A proxy for all connections: `http://host:port` or `https://host:port`, with user and password before the host
    /// if need be. Without one the environment decides for https (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`); plain http goes
    /// straight to its server, since a proxy could read the secrets.
    ///
    /// # Errors
    /// [`Error::Usage`] when the address is another one.
    pub fn proxy(mut self, address: &str) -> Result<Self> {
        // The library takes any scheme, and passes over a proxy whose scheme it does not know.
        let url = Url::parse(address.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let address = url.map(Secret::new).filter(|address| reqwest::Proxy::all(address.expose()).is_ok());
        // What was given is not quoted: it could hold a password.
        self.proxy = Proxy::At(address.ok_or_else(|| {
            Error::usage("the proxy's address cannot be used: http://host:port or https://host:port is expected")
        })?);
        Ok(self)
    }

    /// No proxy, whatever the environment says.
    pub fn no_proxy(mut self) -> Self {
        self.proxy = Proxy::None;
        self
    }

    /// Certificate authorities to trust besides those of the system, as PEM.
    ///
    /// # Errors
    /// [`Error::Usage`] when it is not PEM, or holds no certificate.
    pub fn extra_ca(mut self, pem: impl AsRef<[u8]>) -> Result<Self> {
        let found = reqwest::Certificate::from_pem_bundle(pem.as_ref())
            .map_err(|error| Error::usage(format!("the certificate authority is not PEM: {error}")))?;
        if found.is_empty() {
            return Err(Error::usage("the PEM file of the certificate authority holds no certificate"));
        }
        self.authorities.extend(found);
        Ok(self)
    }

    fn builder(&self, is_encrypted: bool) -> reqwest::Result<reqwest::ClientBuilder> {
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(self.connect_timeout);
        if let Some(timeout) = self.read_timeout {
            builder = builder.read_timeout(timeout);
        }
        if self.http1_only {
            builder = builder.http1_only();
        }
        Ok(match &self.proxy {
            Proxy::At(address) => builder.proxy(reqwest::Proxy::all(address.expose())?),
            Proxy::Environment if is_encrypted => builder,
            Proxy::Environment | Proxy::None => builder.no_proxy(),
        })
    }
}

/// The HTTP clients, each made when it is first needed: a client for https loads the machine's certificates, which
/// takes longer than all the rest of a command.
#[derive(Debug)]
pub(super) struct Clients {
    transport: Transport,
    plain: OnceLock<Result<reqwest::Client, String>>,
    encrypted: OnceLock<Result<reqwest::Client, String>>,
}

impl Clients {
    pub(super) fn new(transport: &Transport) -> Self {
        Self { transport: transport.clone(), plain: OnceLock::new(), encrypted: OnceLock::new() }
    }

    /// The client for a scheme, or why there is none.
    pub(super) fn of(&self, scheme: &str) -> Result<&reqwest::Client, String> {
        // Whoever uses rustls as well may have chosen a provider already; theirs stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = if scheme == "http" {
            self.plain.get_or_init(|| {
                let roots = rustls::ClientConfig::builder().with_root_certificates(rustls::RootCertStore::empty());
                let builder = self.transport.builder(false).map_err(|error| cause(&error))?;
                builder.tls_backend_preconfigured(roots.with_no_client_auth()).build().map_err(|error| cause(&error))
            })
        } else {
            self.encrypted.get_or_init(|| {
                let builder = self.transport.builder(true).map_err(|error| cause(&error))?;
                let builder = builder.tls_certs_merge(self.transport.authorities.iter().cloned());
                builder.build().map_err(|error| cause(&error))
            })
        };
        client.as_ref().map_err(Clone::clone)
    }
}

/// The innermost cause, which says most: `connection refused` rather than `error sending request`.
pub(super) fn cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_cannot_work_are_refused_without_a_secret() {
        for error in [
            Transport::new().proxy("http://u:s3cret@").expect_err("no host"),
            Transport::new().proxy("u:s3cret@127.0.0.1:1").expect_err("no scheme"),
            Transport::new().proxy("localhost:1").expect_err("no scheme"),
            Transport::new().proxy("ftp://u:s3cret@127.0.0.1:1").expect_err("no scheme of a proxy"),
            Transport::new().proxy("htp:/u:s3cret@127.0.0.1:1").expect_err("no scheme of a proxy"),
            Transport::new().proxy("socks5://u:s3cret@127.0.0.1:1").expect_err("a scheme that is not spoken"),
            Transport::new().extra_ca("s3cret").expect_err("no PEM"),
            Transport::new().extra_ca("-----BEGIN CERTIFICATE-----\ns3cret\n").expect_err("no end"),
        ] {
            assert!(matches!(error, Error::Usage(_)) && !error.to_string().contains("s3cret"), "{error}");
        }
        for address in ["http://u:s3cret@proxy.example.org:3128", "HTTPS://u:s3cret@[::1]:3128/"] {
            let transport = Transport::new().proxy(address).expect("a good address");
            assert!(!format!("{transport:?}").contains("s3cret"));
        }
    }
}
