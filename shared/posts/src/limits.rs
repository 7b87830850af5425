//! Every limit of posts, in one place.

use std::time::Duration;

/// Longest id, in bytes. Ours: ids are parts of database keys (1 KiB at most) and of channel names (200 at most).
pub const ID_BYTES: usize = 128;

/// Longest text of a post, in characters. Ours: the longest common platform limit (Facebook allows more, nobody writes it).
pub const TEXT_CHARS: usize = 5_000;

/// Most pictures of a post. Source: what Instagram's carousels take, the most of the platforms' common limits.
pub const MEDIA: usize = 10;

/// Longest description of a picture, in characters. Source: X, the shortest of the platforms' limits.
pub const ALT_CHARS: usize = 1_000;

/// Largest picture, in bytes. Source: the rules for media, 10 MB.
pub const PICTURE_BYTES: usize = 10_000_000;

/// Largest picture in pixels: a small file can name a size that fills a memory. Ours: more than any platform takes.
pub const PICTURE_PIXELS: u64 = 50_000_000;

/// Most addresses of pictures of one bulk request: they are fetched while the caller waits. Ours.
pub const BULK_MEDIA: usize = 200;

/// How long the copies of a post's pictures are kept after it came to its end. Ours: as long as frozen payloads.
pub const MEDIA_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// How long it is believed what an account's server takes. Ours: servers change that once in years.
pub const SERVER_BELIEVED: Duration = Duration::from_secs(24 * 3600);

/// When a server that did not say what it takes is asked again. Ours.
pub const SERVER_AGAIN: Duration = Duration::from_secs(3600);

/// Most accounts of one post. A claim writes the post and its deliveries in one transaction of at most 100 items.
pub const ACCOUNTS: usize = 50;

/// Longest name of an account, in characters. Ours.
pub const ACCOUNT_NAME_CHARS: usize = 100;

/// Longest address of an account, in bytes. Ours, the length browsers are known to handle.
pub const URL_BYTES: usize = 2_048;

/// Longest secret of an account, in bytes. Ours: OAuth tokens stay below it.
pub const SECRET_BYTES: usize = 4_096;

/// Most posts of one bulk request. Source: the scheduler's features, 1,000 rows.
pub const BULK_POSTS: usize = 1_000;

/// A time this little in the past means "now": clocks differ and forms are slow.
pub const NOW_SLACK: Duration = Duration::from_secs(60);

/// How far ahead a post can be scheduled. Ours: two years; further away is a typing mistake.
pub const AHEAD: Duration = Duration::from_secs(2 * 366 * 24 * 3600);

/// How late a post is still worth publishing, unless configured otherwise.
pub const LATE: Duration = Duration::from_secs(60 * 60);

/// Least that can be configured for that. Source: the retry schedule, 15 minutes to 24 hours.
pub const LATE_AT_LEAST: Duration = Duration::from_secs(15 * 60);

/// Most that can be configured for that. Source: the retry schedule, 15 minutes to 24 hours.
pub const LATE_AT_MOST: Duration = Duration::from_secs(24 * 3600);

/// How long a worker owns a delivery it claimed.
pub const LEASE: Duration = Duration::from_secs(120);

/// What must be left of a lease for an attempt to begin: twice the longest that a platform may take.
pub const LEASE_LEFT: Duration = Duration::from_secs(60);

/// How long a worker may renew an account's tokens alone. Source: the rules for tokens.
pub const RENEW_LEASE: Duration = Duration::from_secs(30);

/// Most deliveries that a run does itself where it can hand the rest over. Source: the rules for load.
pub const OWN: usize = 200;

/// Most deliveries of one account that are handed over at once. Ours: what a worker does in its time, one after the other, at
/// half a second each. What is more stays due.
pub const SHARE: usize = 100;

/// Most deliveries of one message. Ours: a batch of ten of them is work for seconds, if platforms answer.
pub const PARCEL: usize = 200;

/// Largest part of a message for what it hands over, in bytes. Source: a call of SQS takes ten messages of 256 KB together.
pub const PARCEL_BYTES: usize = 25_000;

/// Most deliveries of which a run knows when it begins to hand over. Source: the rules for load, 10,000 posts to two accounts.
pub const GATHERED: usize = 20_000;

/// How long an account that was handed over is not handed over again. Ours: longer than a message stays hidden whose worker
/// died, with the time of a worker: it comes again by itself first.
pub const HANDED: Duration = Duration::from_secs(300);

/// Slack in comparing leases: clocks of workers differ.
pub const LEASE_SLACK: Duration = Duration::from_secs(5);

/// When a post that is publishing is looked at again, should its roll-up have been lost.
pub const ROLL_UP_AGAIN: Duration = Duration::from_secs(5 * 60);

/// When a post that is over is looked at again, should its last announcement have been lost.
pub const ANNOUNCE_AGAIN: Duration = Duration::from_secs(60);

/// When a delivery of unknown outcome is tried again: time for the platform to settle.
pub const UNKNOWN_WAIT: Duration = Duration::from_secs(60);

/// Looks at the platform that must see nothing, a minute apart, before a delivery is sent once more.
pub const LOOKS_NOT_THERE: u32 = 2;

/// Most looks at the platform for one unknown outcome.
pub const LOOKS: u32 = 5;

/// How long an unknown outcome is looked into, from the first attempt on; at least one look is always taken.
pub const LOOK_FOR: Duration = Duration::from_secs(30 * 60);

/// How often a delivery can be sent again by hand. Ours: whoever is at it for the fifth time should look elsewhere.
pub const GENERATIONS: u32 = 5;

/// Most attempts to publish one delivery. A rate limit's refusal does not count.
pub const ATTEMPTS: u32 = 6;

/// Claims without an attempt after which a delivery is poison.
pub const CLAIMS: u32 = 5;

/// Longest error message kept and shown, in characters.
pub const MESSAGE_CHARS: usize = 300;

/// Longest id of a platform that is kept, in characters. Ours: a longer one is dropped.
pub const REMOTE_ID_CHARS: usize = 200;

/// Longest address of a published post that is kept, in characters. Ours: a longer one is dropped.
pub const REMOTE_URL_CHARS: usize = 500;

/// Longest excerpt of a post's text in an event, in characters.
pub const EXCERPT_CHARS: usize = 140;

/// Most deliveries inside one event; more set `truncated`.
pub const EVENT_DELIVERIES: usize = 20;

/// Largest `data` of an event, in bytes. Source: Pusher's limit of 10 kB.
pub const EVENT_BYTES: usize = 10_240;

/// How long before their end tokens are renewed that nobody uses. Source: the rules for tokens, T-10 d.
pub const SWEEP_AHEAD: Duration = Duration::from_secs(10 * 24 * 3600);

/// How old a long-lived token must be to be renewed. Source: Meta's long-lived tokens, 24 h.
pub const RENEWABLE_AFTER: Duration = Duration::from_secs(24 * 3600);

/// How many days before their end people hear of tokens that cannot be renewed. Source: the rules for tokens.
pub const ENDING_DAYS: [u64; 2] = [1, 7];

/// What must be left of a token's life for a call to use it.
pub const REFRESH_AHEAD: Duration = Duration::from_secs(10 * 60);
