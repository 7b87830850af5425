//! Files and functions stay small enough to be read at once.

use crate::files;

/// Most lines of a source file.
const FILE_LINES: usize = 400;
/// Most lines of a function, its signature and closing brace included.
const FUNCTION_LINES: usize = 60;
/// Most lines of a `main`.
const MAIN_LINES: usize = 30;

#[test]
fn files_are_short() {
    let long: Vec<_> = files::ending(&[".rs", ".js", ".mjs"])
        .into_iter()
        .map(|file| (file.text.lines().count(), file.path))
        .filter(|(lines, _)| *lines > FILE_LINES)
        .collect();
    assert!(long.is_empty(), "split these (at most {FILE_LINES} lines): {long:#?}");
}

#[test]
fn functions_are_short() {
    let mut long = Vec::new();
    for file in files::ending(&[".rs"]) {
        for (name, lines) in functions(&file.text) {
            let most = if name == "main" { MAIN_LINES } else { FUNCTION_LINES };
            if lines > most {
                long.push(format!(
                    "{}: {name} has {lines} lines, at most {most} are allowed",
                    file.path
                ));
            }
        }
    }
    assert!(long.is_empty(), "split these: {long:#?}");
}

/// Names and lengths of the functions in formatted source: rustfmt puts a function's last line
/// below the first character of its signature, and all between further in.
fn functions(source: &str) -> Vec<(&str, usize)> {
    let lines: Vec<&str> = source.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else { continue };
        let indent = line.len() - line.trim_start().len();
        let ends = |it: &&str| {
            let outermost = it.get(indent..).is_some_and(|rest| !rest.starts_with(' '));
            outermost && (it.ends_with('}') || it.ends_with(';'))
        };
        if let Some(length) = lines[start..].iter().position(ends) {
            found.push((name, length + 1));
        }
    }
    found
}

fn function_name(line: &str) -> Option<&str> {
    let words = ["pub ", "pub(crate) ", "pub(super) ", "const ", "async "];
    let mut rest = line.trim_start();
    while let Some(shorter) = words.iter().find_map(|it| rest.strip_prefix(it)) {
        rest = shorter;
    }
    let name = rest.strip_prefix("fn ")?;
    name.split(['(', '<']).next()
}

#[test]
fn functions_are_measured() {
    let source = "fn a() {\n    x();\n}\n\nimpl X {\n    pub(crate) async fn b(\n        c: u8,\n    ) {\n        d();\n    }\n    fn e();\n    fn f() {}\n}\n";
    assert_eq!(functions(source), [("a", 3), ("b", 5), ("e", 1), ("f", 1)]);
}
