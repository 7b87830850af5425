//! What SAM and cargo-lambda take from files at the root.

use toml::Table;

use crate::template::file;

/// `cargo lambda` sets what the profile leaves open, and its choice for panics is to abort. A panic in `message` must
/// be caught, or its client gets a frame that pusher-js breaks on.
#[test]
fn the_release_profile_leaves_nothing_to_cargo_lambda() {
    let manifest: Table = file("Cargo.toml").parse().expect("TOML");
    let release = &manifest["profile"]["release"];
    assert_eq!(release["panic"].as_str(), Some("unwind"));
    for name in ["lto", "codegen-units", "strip"] {
        assert!(release.get(name).is_some(), "profile.release.{name}");
    }
}

/// `sam deploy` takes what `sam build` has made only if no other template is named.
#[test]
fn sam_finds_the_template_and_deploys_what_was_built() {
    let config: Table = file("samconfig.toml").parse().expect("TOML");
    let default = &config["default"];
    for command in ["build", "validate"] {
        let named = default[command]["parameters"]["template_file"].as_str();
        assert_eq!(named, Some("infra/template.yaml"), "{command}");
    }
    assert!(default["deploy"]["parameters"].get("template_file").is_none());
}
