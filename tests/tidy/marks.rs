//! What must not stand in any file.

use crate::files;

/// Marks of unfinished work, written so that this file holds none itself.
const MARKS: [&str; 4] =
    [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("unimplem", "ented!")];

#[test]
fn nothing_is_left_to_do() {
    let mut found = Vec::new();
    let kinds = [
        ".rs", ".js", ".mjs", ".ts", ".html", ".css", ".toml", ".md", ".yml", ".yaml", ".sh",
        ".ci/run",
    ];
    for file in files::ending(&kinds) {
        for (number, line) in file.text.lines().enumerate() {
            if MARKS.iter().any(|mark| is_word(line, mark)) {
                found.push(format!("{}:{}: {}", file.path, number + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "do it, or write it down elsewhere: {found:#?}");
}

/// Folders of somebody's machine.
const HOMES: [&str; 3] = [concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Us", "ers/")];

#[test]
fn no_path_of_a_machine_is_written_down() {
    for file in files::ending(&[".rs", ".js", ".json", ".html", ".toml", ".md", ".yaml", ".ci/run"])
    {
        for home in HOMES {
            assert!(!file.text.contains(home), "{} names a folder below {home}", file.path);
        }
    }
}

fn is_word(line: &str, mark: &str) -> bool {
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(mark).any(|(at, _)| {
        !letter(line[..at].chars().next_back()) && !letter(line[at + mark.len()..].chars().next())
    })
}

#[test]
fn lock_files_name_no_place_to_download_from() {
    for file in files::ending(&["package-lock.json"]) {
        assert!(
            !file.text.contains("\"resolved\""),
            "{}: install with omit-lockfile-registry-resolved=true",
            file.path
        );
    }
    let index = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    for file in files::ending(&["Cargo.lock"]) {
        for line in file.text.lines().filter(|it| it.starts_with("source = ")) {
            assert_eq!(line, index, "{}: only crates of the public index", file.path);
        }
    }
}

#[test]
fn marks_are_words() {
    assert!(is_word("// FIX: a", "FIX") && is_word("FIX", "FIX"));
    assert!(!is_word("PREFIX", "FIX") && !is_word("FIXED", "FIX"));
}
