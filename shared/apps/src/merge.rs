//! The apps of the configuration and those of the table, as one list.

use std::collections::HashSet;

use channels::{Apps, AppsError};
use protocol::{AppId, AppKey};
use webhooks::{Endpoint, Endpoints};

use crate::Registered;

/// What is served.
#[derive(Debug)]
pub struct Merged {
    /// The apps.
    pub apps: Apps,
    /// Who receives their events.
    pub endpoints: Endpoints,
    /// Rows of the table that are not served, because an id or a key of theirs is taken.
    pub shadowed: Vec<AppId>,
}

/// Puts them together. The configuration wins over rows of the same id or with a key of the same name; among rows the
/// first one wins.
///
/// # Errors
/// When there is no app at all, or the configuration contradicts itself.
pub fn merge(configured: &[Registered], rows: Vec<Registered>) -> Result<Merged, AppsError> {
    let mut ids: HashSet<AppId> = configured.iter().map(|it| it.app.id.clone()).collect();
    let mut keys: HashSet<AppKey> = configured.iter().flat_map(keys_of).collect();
    let (mut all, mut shadowed) = (configured.to_vec(), Vec::new());
    for row in rows {
        let taken = ids.contains(&row.app.id) || keys_of(&row).any(|key| keys.contains(&key));
        if taken {
            shadowed.push(row.app.id);
            continue;
        }
        ids.insert(row.app.id.clone());
        keys.extend(keys_of(&row));
        all.push(row);
    }
    let endpoints = all.iter().map(|it| (it.app.id.clone(), it.endpoints.clone()));
    let endpoints = endpoints.collect::<Vec<(AppId, Vec<Endpoint>)>>().into_iter().collect();
    let apps = Apps::new(all.into_iter().map(|it| it.app).collect())?;
    Ok(Merged { apps, endpoints, shadowed })
}

fn keys_of(it: &Registered) -> impl Iterator<Item = AppKey> {
    it.app.keys.iter().map(|pair| pair.key.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AppSpec;

    fn app(id: &str, name: &str, key: &str) -> Registered {
        let text = format!(
            "id = \"{id}\"\nname = \"{name}\"\nkeys = [{{ key = \"{key}\", secret = \"s\" }}]"
        );
        toml::from_str::<AppSpec>(&text).unwrap().check().unwrap()
    }

    #[test]
    fn the_configuration_wins() {
        let configured = [app("1", "file", "a")];
        let rows = vec![
            app("1", "same id", "b"),
            app("2", "same key", "a"),
            app("3", "free", "c"),
            app("4", "key of another row", "c"),
        ];
        let merged = merge(&configured, rows).unwrap();
        let names: Vec<_> = merged.apps.iter().map(|app| app.name.as_str()).collect();
        assert_eq!(names, ["file", "free"]);
        assert_eq!(merged.shadowed, ["1", "2", "4"].map(AppId::new));
        assert_eq!(merged.apps.first().name, "file");
    }

    #[test]
    fn none_at_all_is_an_error() {
        assert_eq!(merge(&[], Vec::new()).unwrap_err(), AppsError::Empty);
    }
}
