//! Change an app of the table.

use apps::{AppSpec, AppView, PatchApp, Source};
use protocol::AppId;

use crate::create::text;
use crate::{Refusal, Registry};

impl Registry {
    /// Takes a key from an app: it is refused from now on.
    ///
    /// # Errors
    /// When there is no such app in the table, it has no such key or no other, or the store does not answer.
    pub async fn remove_key(&self, id: &AppId, key: &str) -> Result<AppView, Refusal> {
        let spec = self.change(id, |spec| Ok(spec.remove_key(key)?)).await?;
        Ok(spec.view(Source::Table))
    }

    /// Changes what a patch names. Connections that are open see the app as it is then.
    ///
    /// # Errors
    /// When a value cannot be used, there is no such app in the table, or the store does not answer.
    pub async fn edit(&self, id: &AppId, patch: PatchApp) -> Result<AppView, Refusal> {
        let checked = |spec: &AppSpec| {
            let spec = spec.edit(patch);
            spec.check()?;
            Ok(spec)
        };
        Ok(self.change(id, checked).await?.view(Source::Table))
    }

    /// Switches an app on or off.
    ///
    /// # Errors
    /// When there is no such app in the table, or the store does not answer.
    pub async fn set_enabled(&self, id: &AppId, enabled: bool) -> Result<AppView, Refusal> {
        let spec = self.change(id, |spec| Ok(spec.set_enabled(enabled))).await?;
        Ok(spec.view(Source::Table))
    }

    /// One change: read, decide, write if nobody else did, serve.
    pub(crate) async fn change(
        &self,
        id: &AppId,
        decide: impl FnOnce(&AppSpec) -> Result<AppSpec, Refusal>,
    ) -> Result<AppSpec, Refusal> {
        let mut served = self.turn.lock().await;
        if self.configured(id).is_some() {
            return Err(Refusal::Configured);
        }
        let (row, before) = self.row(id).await?;
        let after = decide(&before)?;
        self.data.replace_app(&row, &text(&after)?).await?;
        self.refresh(&mut served).await?;
        Ok(after)
    }
}
