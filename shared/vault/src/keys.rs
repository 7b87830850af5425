//! Where data keys come from.

use std::fmt;
use std::future::Future;

use crate::cipher::KEY_BYTES;
use crate::{KmsKeys, LocalKeys, VaultError};

/// A data key, open and wrapped.
#[derive(Clone)]
pub struct DataKey {
    /// The key itself. It stays in memory.
    pub(crate) key: [u8; KEY_BYTES],
    /// What is stored beside the text: only the provider makes a key of it again.
    pub(crate) wrapped: Vec<u8>,
}

impl DataKey {
    /// A key from a provider.
    pub fn new(key: [u8; 32], wrapped: Vec<u8>) -> Self {
        Self { key, wrapped }
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(..)")
    }
}

/// Makes data keys, and opens those it made, for the same workspace only.
pub trait KeyProvider: Send + Sync {
    /// A new data key of a workspace.
    fn new_data_key(
        &self,
        workspace: &str,
    ) -> impl Future<Output = Result<DataKey, VaultError>> + Send;

    /// A data key from its wrapped form.
    fn open_data_key(
        &self,
        workspace: &str,
        wrapped: Vec<u8>,
    ) -> impl Future<Output = Result<DataKey, VaultError>> + Send;
}

/// The key providers there are.
#[derive(Debug)]
pub enum Keys {
    /// A key file of this machine.
    Local(LocalKeys),
    /// A key of AWS KMS, which never leaves it.
    Kms(KmsKeys),
}

impl KeyProvider for Keys {
    async fn new_data_key(&self, workspace: &str) -> Result<DataKey, VaultError> {
        match self {
            Self::Local(keys) => keys.new_data_key(workspace).await,
            Self::Kms(keys) => keys.new_data_key(workspace).await,
        }
    }

    async fn open_data_key(
        &self,
        workspace: &str,
        wrapped: Vec<u8>,
    ) -> Result<DataKey, VaultError> {
        match self {
            Self::Local(keys) => keys.open_data_key(workspace, wrapped).await,
            Self::Kms(keys) => keys.open_data_key(workspace, wrapped).await,
        }
    }
}
