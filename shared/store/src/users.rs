//! The port to who is signed in. Each method is one verb and atomic.

use std::future::Future;

use channels::{Connection, SignIn, SignedIn};
use protocol::{AppId, ConnectionId, UserId};

use crate::Error;

/// Who is signed in, and who watches whom. `now_ms`: milliseconds since the Unix epoch.
pub trait Users: Send + Sync + 'static {
    /// Signs a connection in, once more if it is. Its watchlist takes the place of the one it had.
    fn sign_in(
        &self,
        by: &Connection,
        sign_in: &SignIn,
        now_ms: u64,
    ) -> impl Future<Output = Result<SignedIn, Error>> + Send;

    /// Ends the absence of a user whose last connection was lost, if it still lasts; answers who watches the user, nobody
    /// if the user is back.
    fn confirm_offline(
        &self,
        app: &AppId,
        user: &UserId,
        lost: &ConnectionId,
    ) -> impl Future<Output = Result<Vec<ConnectionId>, Error>> + Send;

    /// The connections of a user, who from now on cannot sign in for
    /// [`DENIED_S`](protocol::limits::DENIED_S) seconds.
    fn terminate(
        &self,
        app: &AppId,
        user: &UserId,
        now_ms: u64,
    ) -> impl Future<Output = Result<Vec<ConnectionId>, Error>> + Send;

    /// Whether a connection is signed in or on a channel that needs authorization.
    fn is_authorized(
        &self,
        connection: &ConnectionId,
    ) -> impl Future<Output = Result<bool, Error>> + Send;
}
