//! One place for versions: `[workspace.dependencies]`.

use toml::Table;

use crate::files;

#[test]
fn only_the_workspace_names_versions() {
    let mut found = Vec::new();
    for file in files::ending(&["/Cargo.toml"]) {
        let manifest: Table = file.text.parse().expect("a manifest is TOML");
        let inherits =
            |spec: &toml::Value| spec.get("workspace").and_then(toml::Value::as_bool) == Some(true);
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (name, spec) in
                manifest.get(kind).and_then(toml::Value::as_table).into_iter().flatten()
            {
                if !inherits(spec) {
                    found.push(format!("{}: {name}", file.path));
                }
            }
        }
        let own_workspace = manifest.contains_key("workspace");
        assert!(
            own_workspace || file.path == "Cargo.toml" || manifest.contains_key("lints"),
            "{}: no [lints]",
            file.path
        );
    }
    assert!(found.is_empty(), "write `{{name}}.workspace = true` for: {found:#?}");
}

#[test]
fn nothing_is_switched_by_features() {
    for file in files::ending(&["/Cargo.toml"]) {
        let manifest: Table = file.text.parse().expect("a manifest is TOML");
        assert!(!manifest.contains_key("features"), "{}: one build, one behaviour", file.path);
    }
}
