//! List and show.

use apps::{AppSpec, AppView, Source};
use data::AppRow;
use protocol::AppId;

use crate::refresh::spec;
use crate::{Refusal, Registry};

impl Registry {
    /// All apps: those of the configuration, then those of the table.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn list(&self) -> Result<Vec<AppView>, Refusal> {
        let configured = self.configured.iter().map(|it| it.view(Source::Configuration));
        let rows = self.data.list_apps().await?;
        let own = rows.iter().filter(|row| self.configured(&row.id).is_none()).filter_map(spec);
        Ok(configured.chain(own.map(|it| it.view(Source::Table))).collect())
    }

    /// One app.
    ///
    /// # Errors
    /// When there is none, or the table cannot be read.
    pub async fn show(&self, id: &AppId) -> Result<AppView, Refusal> {
        if let Some(spec) = self.configured(id) {
            return Ok(spec.view(Source::Configuration));
        }
        let (_, spec) = self.row(id).await?;
        Ok(spec.view(Source::Table))
    }

    /// An app of the configuration.
    pub(crate) fn configured(&self, id: &AppId) -> Option<&AppSpec> {
        self.configured.iter().find(|spec| spec.id == id.as_str())
    }

    /// An app of the table.
    pub(crate) async fn row(&self, id: &AppId) -> Result<(AppRow, AppSpec), Refusal> {
        let row = self.data.get_app(id).await?;
        let spec = spec(&row).ok_or(Refusal::Unavailable)?;
        Ok((row, spec))
    }
}
