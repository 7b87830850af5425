//! What fuzzing found worth keeping, replayed.

#[path = "../../../fuzz/checks/frame.rs"]
mod frame;
#[path = "../../../fuzz/checks/name.rs"]
mod name;

use std::fs;

fn replay(target: &str, check: impl Fn(&[u8])) {
    let folder = format!("{}/../../fuzz/corpus/{target}", env!("CARGO_MANIFEST_DIR"));
    let Ok(entries) = fs::read_dir(&folder) else { panic!("{folder} cannot be read") };
    let mut count = 0;
    for entry in entries {
        let Ok(bytes) = entry.and_then(|it| fs::read(it.path())) else {
            panic!("a file of {folder} cannot be read")
        };
        check(&bytes);
        count += 1;
    }
    assert!(count >= 10, "the corpus of {target} is not there");
}

#[test]
fn frames() {
    replay("frame", frame::check);
}

#[test]
fn names() {
    replay("name", name::check);
}
