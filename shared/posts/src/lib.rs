//! The life of a post and its deliveries.
//!
//! A *post* is what a person schedules; a *delivery* is that post to one account. Deliveries do the work,
//! a post's status is their roll-up. Everything here is pure: the time, ids and random numbers are arguments.

mod account;
mod announcement;
mod approve_post;
mod bulk;
mod caller;
mod cancel_post;
mod check;
mod claim_delivery;
mod claim_post;
mod create_post;
mod credentials;
mod delivery;
mod edit_post;
mod error;
mod hand_over;
mod ids;
mod input;
mod job;
pub mod limits;
mod media;
pub mod news;
mod notification;
mod oauth;
mod platform;
mod post;
mod prepare_delivery;
mod read_back;
mod refused;
mod retry_post;
mod roll_up;
mod secret;
mod series;
mod server_limits;
mod settings;
mod settle_delivery;
mod time;
mod view;
mod wall_time;
mod workspace;

pub use account::{Account, AccountStatus, NewAccount, Reconnect};
pub use announcement::Announcement;
pub use bulk::NewPosts;
pub use caller::Caller;
pub use check::{check_account, check_confirm};
pub use claim_delivery::{DeliveryClaim, WrongState};
pub use claim_post::PostClaim;
pub use credentials::{Credentials, Granted, Refreshed};
pub use delivery::{
    Delivery, DeliveryError, DeliveryState, DeliveryStatus, Lease, Looks, Worker, delivery_id,
    idem_key,
};
pub use error::{ErrorClass, FieldError};
pub use hand_over::{Divided, DueDelivery, Parcel, Share};
pub use ids::{AccountId, BadId, DeliveryId, JobId, PostId, SeriesId, UserId, WorkspaceId};
pub use input::{Confirm, NewPost, PatchPost, Reject};
pub use job::{Job, JobKind, JobState};
pub use media::{
    BadMediaKey, MediaKey, Medium, NewMedium, PICTURE_TYPES, check_media, resolve_media,
    week_is_over,
};
pub use notification::{Notification, NotificationKind, notifications_read};
pub use oauth::{CONNECT_FOR, OAuthAsk, OAuthGrant, OAuthRefusal, Pending};
pub use platform::{
    AfterUnknown, Answer, Attachment, Class, Gate, GateScope, Outcome, Picture, Prepared,
    PublishTo, ReadBack, Remote, Request,
};
pub use post::{FailReason, Post, PostStatus, Stage, Target, When};
pub use read_back::Look;
pub use refused::{Conflict, Refused};
pub use retry_post::Reopened;
pub use secret::Secret;
pub use series::{Day, NewSeries, Rule, Series, SeriesState};
pub use server_limits::{Content, KnownLimits, LimitsRead, ServerLimits};
pub use settings::Settings;
pub use settle_delivery::Jitter;
pub use time::Timestamp;
pub use view::{DeliveryView, ErrorView, PostView, Progress};
pub use wall_time::wall_time_warning;
pub use workspace::{LateLimit, PutWorkspace, Workspace};
