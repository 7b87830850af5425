//! A key in a file that only this user can read.

use std::fmt;
use std::fs::{OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use crate::cipher::{self, KEY_BYTES};
use crate::{DataKey, KeyProvider, VaultError};

/// Nobody else reads or writes it.
const PRIVATE: u32 = 0o600;
/// Permissions of anybody else.
const OTHERS: u32 = 0o077;

/// A key of this machine, which wraps data keys.
pub struct LocalKeys {
    key: [u8; KEY_BYTES],
}

impl fmt::Debug for LocalKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LocalKeys(..)")
    }
}

impl LocalKeys {
    /// A key that ends with the process: for tests and for trying things.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn passing() -> Result<Self, VaultError> {
        Ok(Self { key: cipher::new_key()? })
    }

    /// A key that the host was told, where there is no disk.
    pub fn of_bytes(key: [u8; KEY_BYTES]) -> Self {
        Self { key }
    }

    /// Reads the key file, or makes it if it is missing. A file that others can read is made private first.
    ///
    /// # Errors
    /// When the file cannot be read or written, or does not hold a key.
    pub fn open(path: &Path) -> Result<Self, VaultError> {
        if let Some(keys) = Self::open_if_there(path)? {
            return Ok(keys);
        }
        let key = cipher::new_key()?;
        let trouble = |error: io::Error| VaultError::KeyFile {
            path: path.to_owned(),
            cause: error.to_string(),
        };
        make(path, &key).map_err(trouble)?;
        Ok(Self { key })
    }
}

impl LocalKeys {
    /// Reads a key file that may not be there. A file that others can read is made private first.
    ///
    /// # Errors
    /// When the file cannot be read, or does not hold a key.
    pub fn open_if_there(path: &Path) -> Result<Option<Self>, VaultError> {
        match read(path) {
            Ok(key) => Ok(Some(Self { key })),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => {
                Err(VaultError::KeyFile { path: path.to_owned(), cause: error.to_string() })
            }
        }
    }
}

impl KeyProvider for LocalKeys {
    async fn new_data_key(&self, workspace: &str) -> Result<DataKey, VaultError> {
        let key = cipher::new_key()?;
        let wrapped = cipher::seal(&self.key, workspace.as_bytes(), &key)?;
        Ok(DataKey::new(key, wrapped))
    }

    async fn open_data_key(
        &self,
        workspace: &str,
        wrapped: Vec<u8>,
    ) -> Result<DataKey, VaultError> {
        let key = cipher::open(&self.key, workspace.as_bytes(), wrapped.clone())?;
        let key = key.try_into().map_err(|_| VaultError::Damaged)?;
        Ok(DataKey::new(key, wrapped))
    }
}

fn read(path: &Path) -> io::Result<[u8; KEY_BYTES]> {
    let file = OpenOptions::new().read(true).open(path)?;
    if file.metadata()?.permissions().mode() & OTHERS != 0 {
        file.set_permissions(Permissions::from_mode(PRIVATE))?;
    }
    let mut bytes = Vec::with_capacity(KEY_BYTES + 1);
    file.take(KEY_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    bytes
        .try_into()
        .map_err(|_| io::Error::new(ErrorKind::InvalidData, "it does not hold 32 bytes"))
}

/// Writes a new file whole: under another name first, then on the disk, then in its place.
fn make(path: &Path, key: &[u8; KEY_BYTES]) -> io::Result<()> {
    let draft = path.with_extension("new");
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(PRIVATE).open(&draft)?;
    file.write_all(key)?;
    file.sync_all()?;
    std::fs::rename(&draft, path)?;
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => std::fs::File::open(dir)?.sync_all(),
        _ => Ok(()),
    }
}
