//! From the table to what is served.

use apps::{AppSpec, Merged, Registered, SpecError, merge};
use channels::SharedApps;
use data::{AppRow, Data};
use tokio::sync::{Mutex, watch};
use webhooks::SharedEndpoints;

use crate::{OpenError, Registry};

impl Registry {
    /// Reads the table for the first time.
    ///
    /// # Errors
    /// When there is no app at all, the configuration cannot be served, or the table cannot be read.
    pub async fn open(data: Data, configured: Vec<AppSpec>) -> Result<Self, OpenError> {
        let Merged { apps, endpoints, .. } = read(&data, &configured).await?;
        let shared = SharedEndpoints::default();
        shared.replace(endpoints);
        Ok(Self {
            data,
            configured,
            apps: SharedApps::new(apps),
            endpoints: shared,
            changed: watch::Sender::new(0),
            turn: Mutex::default(),
        })
    }

    /// Serves what the table says now.
    ///
    /// # Errors
    /// When the table cannot be read; what was served before stays.
    pub async fn refresh(&self) -> Result<(), OpenError> {
        let Merged { apps, endpoints, .. } = read(&self.data, &self.configured).await?;
        self.endpoints.replace(endpoints);
        self.apps.replace(apps);
        self.changed.send_modify(|count| *count += 1);
        Ok(())
    }
}

async fn read(data: &Data, configured: &[AppSpec]) -> Result<Merged, OpenError> {
    let configured = configured.iter().map(AppSpec::check);
    let configured: Vec<Registered> = configured.collect::<Result<_, SpecError>>()?;
    let rows = data.list_apps().await?;
    let merged = merge(&configured, rows.iter().filter_map(registered).collect())?;
    for id in &merged.shadowed {
        tracing::warn!(app = %id, "a row of the apps table is not served: its id or a key is configured");
    }
    Ok(merged)
}

/// A row that cannot be read must not keep the others from being served.
fn registered(row: &AppRow) -> Option<Registered> {
    let spec = spec(row)?;
    match spec.check() {
        Ok(registered) => Some(registered),
        Err(error) => {
            tracing::error!(app = %row.id, %error, "a row of the apps table is not served");
            None
        }
    }
}

/// The app that a row holds. What is wrong with it is not quoted: it may be a secret.
pub(crate) fn spec(row: &AppRow) -> Option<AppSpec> {
    let spec = serde_json::from_str(&row.spec).ok();
    if spec.is_none() {
        tracing::error!(app = %row.id, "a row of the apps table cannot be read");
    }
    spec
}
