//! What fuzzing found worth keeping, replayed.

#[path = "../../../fuzz/checks/frame.rs"]
mod frame;
#[path = "../../../fuzz/checks/name.rs"]
mod name;

use std::fs;

fn replay(target: &str, check: impl Fn(&[u8])) {
    let folder = format!("{}/../../fuzz/corpus/{target}", env!("CARGO_MANIFEST_DIR"));
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        check(&fs::read(entry.unwrap().path()).unwrap());
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
