//! From the table to what is served.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use apps::{AppSpec, Merged, Registered, SpecError, merge};
use channels::SharedApps;
use data::{AppRow, Data};
use tokio::sync::{Mutex, watch};
use webhooks::{Endpoint, SharedEndpoints};

use crate::{OpenError, Registry};

/// How old what is served may grow before the table is read again: half of it to all of it, so that processes which
/// started together do not read together.
pub const REFRESH: Duration = Duration::from_secs(6);

impl Registry {
    /// Reads the table for the first time. `everywhere`: who receives the events of every app, beside its own endpoints.
    ///
    /// # Errors
    /// When there is no app at all, the configuration cannot be served, or the table cannot be read.
    pub async fn open(
        data: Data,
        configured: Vec<AppSpec>,
        everywhere: Option<Endpoint>,
    ) -> Result<Self, OpenError> {
        let rows = data.list_apps().await?;
        let Merged { apps, endpoints, .. } = merged(&configured, &rows, everywhere.as_ref())?;
        let shared = SharedEndpoints::default();
        shared.replace(endpoints);
        Ok(Self {
            data,
            configured,
            everywhere,
            apps: SharedApps::new(apps),
            endpoints: shared,
            changed: watch::Sender::new(0),
            due_ms: AtomicU64::new(0),
            turn: Mutex::new(rows),
        })
    }

    /// Serves what other processes changed, if what is served is so old that the table is to be read again. At other times
    /// it costs a look at a number. `now_ms`: milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// When the table cannot be read; what was served before stays until the next time.
    pub async fn refresh_when_due(&self, now_ms: u64) -> Result<(), OpenError> {
        let due = self.due_ms.load(Ordering::Relaxed);
        let pause = REFRESH.mul_f64(rand::random_range(0.5..=1.0)).as_millis();
        let next = now_ms.saturating_add(u64::try_from(pause).unwrap_or(u64::MAX));
        // Of several callers one reads.
        let exchange =
            |it| self.due_ms.compare_exchange(due, it, Ordering::Relaxed, Ordering::Relaxed);
        if now_ms < due || exchange(next).is_err() {
            return Ok(());
        }
        self.refresh(&mut *self.turn.lock().await).await
    }

    /// Serves what the table says now, if that is something else than before.
    ///
    /// # Errors
    /// When the table cannot be read; what was served before stays.
    pub(crate) async fn refresh(&self, served: &mut Vec<AppRow>) -> Result<(), OpenError> {
        let rows = self.data.list_apps().await?;
        if *served == rows {
            return Ok(());
        }
        let Merged { apps, endpoints, .. } =
            merged(&self.configured, &rows, self.everywhere.as_ref())?;
        *served = rows;
        self.endpoints.replace(endpoints);
        self.apps.replace(apps);
        self.changed.send_modify(|count| *count += 1);
        Ok(())
    }
}

fn merged(
    configured: &[AppSpec],
    rows: &[AppRow],
    everywhere: Option<&Endpoint>,
) -> Result<Merged, OpenError> {
    let heard = |it: Registered| match everywhere {
        Some(endpoint) => it.heard_by(endpoint),
        None => it,
    };
    let configured = configured.iter().map(|spec| spec.check().map(heard));
    let configured: Vec<Registered> = configured.collect::<Result<_, SpecError>>()?;
    let merged = merge(&configured, rows.iter().filter_map(registered).map(heard).collect())?;
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
