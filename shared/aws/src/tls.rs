//! TLS: one configuration for all connections.

use std::sync::{Arc, OnceLock};

use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

/// The connector. Roots are Mozilla's, compiled in: AWS's endpoints chain to them, and reading the system's file costs
/// milliseconds of every cold start.
pub(crate) fn connector() -> TlsConnector {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    let config = CONFIG.get_or_init(|| {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        // The process's provider is ring alone: see `Cargo.toml`, which brings no other.
        drop(rustls::crypto::ring::default_provider().install_default());
        let config = ClientConfig::builder().with_root_certificates(roots);
        Arc::new(config.with_no_client_auth())
    });
    TlsConnector::from(Arc::clone(config))
}
