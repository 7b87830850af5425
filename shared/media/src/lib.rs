//! Pictures of posts. Each is fetched once, when it is attached: addresses of users rot, or show something else by the
//! time a post is due. What came is judged by its bytes, and kept under their hash; platforms get our copy.

mod address;
mod attach;
mod client;
mod load;
mod picture;
mod place;
mod sweep;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use outbound::{Addresses, Http, HttpError};
use tokio::sync::Semaphore;

pub use attach::NotAttached;
pub use load::{Loaded, NotLoaded};
pub use place::{Place, PlaceError};
pub use sweep::Unavailable;

/// How long a picture may take to come. Source: the rules for media, 15 s.
const FETCH: Duration = Duration::from_secs(15);
/// How long copies may take to be read, the wait for room included.
pub const LOAD: Duration = Duration::from_secs(10);
/// How many bytes of pictures are held in memory at once. Ours: two posts of the largest kind, or 256 MB of usual ones.
const ROOM_BYTES: usize = 256 * 1_000_000;
/// What room is counted in, in bytes.
const ROOM_UNIT: usize = 1_000;

/// Pictures, or the lack of a place for them. Cheap to clone.
#[derive(Clone, Default)]
pub struct Media(Option<Arc<Kept>>);

/// A place, the way to what is to be kept there, and room to hold it on the way.
struct Kept {
    http: Http,
    place: Place,
    /// Where this server is reached from outside, without a slash at the end.
    public_url: Option<String>,
    room: Arc<Semaphore>,
}

impl fmt::Debug for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(kept) => write!(f, "Media({:?})", kept.place),
            None => f.write_str("Media(none)"),
        }
    }
}

impl Media {
    /// Pictures kept at `place`. They are fetched from `addresses`; platforms that fetch them in turn are sent to
    /// `public_url`, this server's own address.
    ///
    /// # Errors
    /// When the system has no CA certificates.
    pub fn new(
        place: Place,
        addresses: Addresses,
        public_url: Option<&str>,
    ) -> Result<Self, HttpError> {
        let settings = outbound::Settings {
            timeout: FETCH,
            body_bytes: posts::limits::PICTURE_BYTES,
            ..outbound::Settings::new(addresses)
        };
        Ok(Self(Some(Arc::new(Kept {
            http: Http::new(settings)?,
            place,
            public_url: public_url.map(|url| url.trim_end_matches('/').to_owned()),
            room: Arc::new(Semaphore::new(ROOM_BYTES / ROOM_UNIT)),
        }))))
    }

    /// No place: every picture is refused, with words for the operator.
    pub fn none() -> Self {
        Self::default()
    }
}

/// So many units of room for so many bytes; never more than there is.
fn units(bytes: u64) -> u32 {
    let units = bytes.div_ceil(ROOM_UNIT as u64).min((ROOM_BYTES / ROOM_UNIT) as u64);
    u32::try_from(units).unwrap_or(u32::MAX)
}
