//! The tests that the documentation names exist.

use crate::files;

/// Rows of a table that prove a claim: the claim, a file of tests, a test in it.
fn rows(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for line in text.lines() {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        if let [_, file, title] = cells[..]
            && let Some(file) = file.strip_prefix('`').and_then(|it| it.strip_suffix('`'))
        {
            found.push((file.to_owned(), title.trim_matches('`').to_owned()));
        }
    }
    found
}

#[test]
fn the_compatibility_page_names_tests_that_are_there() {
    let pages = files::ending(&["docs/compatibility.md"]);
    let tests = files::ending(&[".test.js", ".rs"]);
    let rows: Vec<_> = pages.iter().flat_map(|page| rows(&page.text)).collect();
    assert!(rows.len() > 40, "the tables are not read any more: {} rows", rows.len());
    for (file, title) in rows {
        let named = tests.iter().find(|it| it.path.ends_with(&format!("/{file}")));
        let quoted = title.replace('\'', "\\'");
        let there = named.is_some_and(|it| it.text.contains(&title) || it.text.contains(&quoted));
        assert!(there, "{file} has no test '{title}'");
    }
}

#[test]
fn rows_are_read() {
    let text =
        "| a | `x.test.js` | it works |\n| claim | file | test |\n|---|---|---|\n| b | c |\n";
    assert_eq!(rows(text), [("x.test.js".to_owned(), "it works".to_owned())]);
}
