//! What fuzzing found worth keeping, replayed.

#[path = "../../../fuzz/checks/request.rs"]
mod request;

use std::fs;

#[test]
fn requests() {
    let folder = format!("{}/../../fuzz/corpus/request", env!("CARGO_MANIFEST_DIR"));
    let entries: Vec<_> = fs::read_dir(folder).unwrap().collect();
    assert!(entries.len() >= 10, "the corpus is not there");
    for entry in entries {
        request::check(&fs::read(entry.unwrap().path()).unwrap());
    }
}
