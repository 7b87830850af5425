//! Where copies are: a folder, an S3 bucket, or the memory of a test.

use std::fmt;
use std::path::PathBuf;

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use posts::MediaKey;
use url::Url;

use crate::client::Connector;

/// Where copies are kept.
pub struct Place {
    pub(crate) kind: Kind,
    /// What their names begin with there.
    prefix: Path,
}

pub(crate) enum Kind {
    Folder(LocalFileSystem),
    Bucket(AmazonS3),
    Memory(InMemory),
}

/// Why a place cannot be used. One sentence, fit to be shown to the operator.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// Not an address of a folder or a bucket.
    #[error("{0:?} is neither file:///a/folder nor s3://bucket/prefix")]
    Malformed(String),
    /// The folder cannot be made.
    #[error("the folder {} cannot be made ({source})", .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The store's own words.
    #[error("{0}")]
    Store(#[from] object_store::Error),
}

/// The same call of whichever store it is. A `dyn` one would keep all that no picture needs in the program: uploads in parts,
/// copies, ranges.
macro_rules! of {
    ($place:expr, $store:ident => $call:expr) => {
        match &$place.kind {
            $crate::place::Kind::Folder($store) => $call,
            $crate::place::Kind::Bucket($store) => $call,
            $crate::place::Kind::Memory($store) => $call,
        }
    };
}
pub(crate) use of;

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Folder(_) => "folder",
            Kind::Bucket(_) => "bucket",
            Kind::Memory(_) => "memory",
        };
        write!(f, "Place({kind})")
    }
}

impl Place {
    /// Reads `file:///a/folder` or `s3://bucket/prefix`. A bucket's region and credentials come from AWS's usual
    /// variables (`AWS_REGION`, `AWS_ACCESS_KEY_ID`, …), or from the role of the machine or function.
    ///
    /// # Errors
    /// When it is neither, the folder cannot be made, or AWS's variables contradict each other.
    pub fn open(url: &str) -> Result<Self, PlaceError> {
        let malformed = || PlaceError::Malformed(url.to_owned());
        let read = Url::parse(url).map_err(|_| malformed())?;
        match read.scheme() {
            "file" => Self::folder(read.to_file_path().map_err(|()| malformed())?),
            "s3" if read.host_str().is_some_and(|bucket| !bucket.is_empty()) => {
                let prefix = Path::from_url_path(read.path()).map_err(object_store::Error::from)?;
                let bucket = read.host_str().unwrap_or_default();
                let store = AmazonS3Builder::from_env().with_bucket_name(bucket);
                Self::bucket(store, prefix)
            }
            _ => Err(malformed()),
        }
    }

    /// A folder, made if it is missing.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn folder(path: PathBuf) -> Result<Self, PlaceError> {
        let made = std::fs::create_dir_all(&path);
        made.map_err(|source| PlaceError::Folder { path: path.clone(), source })?;
        // What the API accepted survives a loss of power, as the posts themselves do.
        let store = LocalFileSystem::new_with_prefix(&path)?.with_fsync(true);
        Ok(Self { kind: Kind::Folder(store), prefix: Path::default() })
    }

    /// A bucket with these settings.
    ///
    /// # Errors
    /// When they contradict each other.
    pub fn bucket(settings: AmazonS3Builder, prefix: Path) -> Result<Self, PlaceError> {
        let store = settings.with_http_connector(Connector).build()?;
        Ok(Self { kind: Kind::Bucket(store), prefix })
    }

    /// The memory of this process, for tests.
    pub fn memory() -> Self {
        Self { kind: Kind::Memory(InMemory::new()), prefix: Path::default() }
    }

    /// Where the copy of this name is.
    pub(crate) fn path(&self, key: &MediaKey) -> Path {
        key.as_str().split('/').fold(self.prefix.clone(), |path, part| path.join(part))
    }

    /// Where the copies of a week are; of all weeks without one.
    pub(crate) fn week(&self, week: Option<&str>) -> Path {
        week.map_or_else(|| self.prefix.clone(), |week| self.prefix.clone().join(week))
    }
}
