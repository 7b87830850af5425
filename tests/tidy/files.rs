//! The files of the repository.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that hold nothing of ours, wherever they are.
const FOREIGN: [&str; 4] = ["target", "node_modules", ".git", ".aws-sam"];
/// Where a server started here keeps its data.
const DATA: &str = "data";

/// One text file: its path from the root, and what it holds.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// The workspace's root: the parent of this crate's folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is below the root")
}

/// All text files whose name ends so, in order of their paths.
pub(crate) fn ending(suffixes: &[&str]) -> Vec<File> {
    let mut paths = Vec::new();
    walk(root(), &mut paths);
    paths.sort();
    let named = |path: &PathBuf| suffixes.iter().any(|s| path.to_string_lossy().ends_with(s));
    let files: Vec<_> = paths.into_iter().filter(named).filter_map(read).collect();
    assert!(!files.is_empty(), "no file ends with {suffixes:?}: the walk is broken");
    files
}

fn walk(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder can be listed") {
        let entry = entry.expect("an entry can be read");
        let name = entry.file_name();
        if FOREIGN.iter().any(|it| name == *it) || (name == DATA && folder == root()) {
            continue;
        }
        match entry.file_type().expect("an entry has a type") {
            kind if kind.is_dir() => walk(&entry.path(), into),
            kind if kind.is_file() => into.push(entry.path()),
            _ => {}
        }
    }
}

fn read(path: PathBuf) -> Option<File> {
    let text = fs::read_to_string(&path).ok()?;
    let path = path.strip_prefix(root()).unwrap_or(&path).display().to_string();
    Some(File { path, text })
}
