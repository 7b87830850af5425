//! The data directory: one process at a time, one known format, one sound file. Checked before it is touched.

use std::fmt::Display;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

/// The number of our data format. It grows when an older program could not read what a newer one wrote.
const FORMAT: u32 = 1;

/// What every SQLite file begins with. Source: the SQLite file format, section 1.3.
const SQLITE_HEADER: &[u8; 16] = b"SQLite format 3\0";

/// Longest `format` file that is read, in bytes. A number needs less.
const FORMAT_BYTES: u64 = 64;

/// Why a data directory cannot be used. Each is a sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It cannot be made or written.
    #[error(
        "cannot use the data directory {path}: {cause}. Make it writable for this user, or choose another one"
    )]
    Unwritable {
        /// The directory, or a file in it.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// Another process has it open.
    #[error(
        "the data directory {path} is in use by another process. Stop that one, or choose another directory"
    )]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// A newer program wrote it.
    #[error(
        "the data directory {path} has format {found}, and this program knows formats up to {FORMAT}. \
         Use the newer program; nothing was changed"
    )]
    Newer {
        /// The directory.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// Its format file is missing or not ours.
    #[error(
        "{path} does not say which data format it is. Restore the directory from a backup, or choose another one; \
         nothing was changed"
    )]
    NoFormat {
        /// The format file.
        path: PathBuf,
    },
    /// Its store file is damaged.
    #[error(
        "the data file {path} is damaged ({cause}). Restore it from a backup; nothing was changed"
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What the check found.
        cause: String,
    },
    /// The engine does not open it.
    #[error(
        "the data file {path} cannot be opened: {cause}. Restore it from a backup, or choose another directory"
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the engine says.
        cause: String,
    },
}

impl OpenError {
    pub(crate) fn unreadable(path: &Path, cause: impl Display) -> Self {
        Self::Unreadable { path: path.to_owned(), cause: cause.to_string() }
    }
}

/// A data directory that is this process's own as long as the value lives.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    /// The operating system lets go of the lock when the file is closed, even by `kill -9`.
    _lock: File,
}

impl DataDir {
    /// Makes, locks and checks the directory. The order matters: nothing is read before it is ours, and the
    /// store file is not opened before its format is known.
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        make(path).map_err(|cause| OpenError::Unwritable { path: path.to_owned(), cause })?;
        let dir = Self { _lock: lock(path)?, path: path.to_owned() };
        dir.check_format()?;
        let store = dir.store_file();
        check_store(&store)?;
        make_private(&store).map_err(|cause| OpenError::Unwritable { path: store, cause })?;
        Ok(dir)
    }

    /// The SQLite file.
    pub(crate) fn store_file(&self) -> PathBuf {
        self.path.join("store.sqlite")
    }

    fn check_format(&self) -> Result<(), OpenError> {
        let path = self.path.join("format");
        let unwritable = |cause| OpenError::Unwritable { path: path.clone(), cause };
        let no_format = || OpenError::NoFormat { path: path.clone() };
        let text = match File::open(&path) {
            Ok(file) => read_short(file).map_err(|_| no_format())?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                if self.store_file().exists() {
                    return Err(no_format());
                }
                return write_whole(&self.path, &path, &format!("{FORMAT}\n")).map_err(unwritable);
            }
            Err(e) => return Err(unwritable(e)),
        };
        match text.trim().parse::<u32>() {
            Ok(found) if found > FORMAT => Err(OpenError::Newer { path: self.path.clone(), found }),
            Ok(FORMAT) => Ok(()),
            _ => Err(no_format()),
        }
    }
}

fn make(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    // Posts and secrets are nobody else's business.
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Makes the store file, empty, if it is missing. It holds secrets of accounts, so only its owner may read it, even
/// in a directory that others may enter; SQLite gives its log the same mode.
fn make_private(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

fn lock(path: &Path) -> Result<File, OpenError> {
    let file = path.join("lock");
    let unwritable = |cause| OpenError::Unwritable { path: path.to_owned(), cause };
    let lock = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(file)
        .map_err(unwritable)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(cause)) => Err(unwritable(cause)),
    }
}

fn read_short(file: File) -> io::Result<String> {
    let mut text = String::new();
    file.take(FORMAT_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

/// Writes a file so that it is there whole or not at all.
fn write_whole(dir: &Path, path: &Path, text: &str) -> io::Result<()> {
    let draft = path.with_extension("new");
    let mut file = File::create(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&draft, path)?;
    File::open(dir)?.sync_all()
}

/// Checks the SQLite file without writing to it. A missing or empty one is a new store.
fn check_store(path: &Path) -> Result<(), OpenError> {
    let corrupt = |cause: String| OpenError::Corrupt { path: path.to_owned(), cause };
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(cause) => return Err(OpenError::Unwritable { path: path.to_owned(), cause }),
    };
    if file.metadata().is_ok_and(|meta| meta.len() == 0) {
        return Ok(());
    }
    let mut header = [0; 16];
    if file.read_exact(&mut header).is_err() || header != *SQLITE_HEADER {
        return Err(corrupt("it is not a SQLite file".to_owned()));
    }
    match quick_check(path) {
        Ok(answer) if answer == "ok" => Ok(()),
        Ok(answer) => Err(corrupt(answer)),
        Err(e) => Err(corrupt(e.to_string())),
    }
}

/// SQLite's own check. A read-only connection can neither repair nor checkpoint, so the file stays as it is.
fn quick_check(path: &Path) -> rusqlite::Result<String> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
}
