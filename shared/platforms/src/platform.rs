//! What every platform offers.

use std::future::{Future, ready};

use posts::{
    Account, Answer, Class, Credentials, DeliveryId, FieldError, Granted, NewAccount, OAuthAsk,
    OAuthGrant, OAuthRefusal, Picture, Post, Prepared, ReadBack, Refreshed, Request, Secret,
    Timestamp,
};

/// One kind of place that posts go to. The methods are those of [`posts::PublishTo`], for one platform.
pub trait Platform: Send + Sync {
    /// What it offers against publishing twice.
    fn class(&self) -> Class;

    /// What is wrong with the address and the secret of an account to be.
    fn check(&self, account: &NewAccount) -> Vec<FieldError>;

    /// What is wrong with a text for this platform, by its own way of counting.
    fn check_text(&self, text: &str) -> Option<FieldError>;

    /// What is wrong with the pictures of a post.
    fn check_media(&self, _: &[Picture]) -> Vec<FieldError> {
        Vec::new()
    }

    /// Whether it fetches pictures itself, from a public address.
    fn fetches(&self) -> bool {
        false
    }

    /// The payload of a delivery as JSON text, to be kept and sent unchanged by every attempt.
    fn freeze(&self, post: &Post, delivery: &DeliveryId) -> String;

    /// Uploads and containers: what nobody sees and can be done again.
    fn prepare(&self, request: Request<'_>) -> impl Future<Output = Prepared> + Send {
        ready(Prepared::Ready(request.prepared.map(str::to_owned)))
    }

    /// The one irreversible call. Waits for at most [`Settings::timeout`](crate::Settings::timeout). Dropping the
    /// future gives the call up; its outcome is then unknown.
    fn publish(&self, request: Request<'_>) -> impl Future<Output = Answer> + Send;

    /// Looks whether an earlier attempt was published.
    fn read_back(&self, _: Request<'_>) -> impl Future<Output = ReadBack> + Send {
        ready(ReadBack::Unreadable { message: "This platform cannot be read back.".to_owned() })
    }

    /// Asks for new tokens.
    fn refresh(
        &self,
        _: &Account,
        _: &Credentials,
        _now: Timestamp,
    ) -> impl Future<Output = Refreshed> + Send {
        ready(Refreshed::NotOffered)
    }

    /// Opens an account with what a person gave.
    fn sign_in(
        &self,
        new: &NewAccount,
        _now: Timestamp,
    ) -> impl Future<Output = Result<Granted, Vec<FieldError>>> + Send {
        ready(Ok(Granted {
            remote_id: new.remote_id.clone(),
            name: new.name.clone(),
            url: new.url.clone(),
            credentials: Credentials::Key { key: new.secret.clone() },
        }))
    }

    /// Registers this server with an instance.
    fn register(
        &self,
        _instance: &str,
        _redirect_uri: &str,
        _now: Timestamp,
    ) -> impl Future<Output = Result<Option<Secret>, OAuthRefusal>> + Send {
        ready(Ok(None))
    }

    /// Where a person grants access.
    fn authorize_url(&self, _: OAuthAsk<'_>) -> Result<String, OAuthRefusal> {
        Err(OAuthRefusal::NotOffered)
    }

    /// Turns what the platform sent back into the accounts that it gives access to.
    fn exchange(
        &self,
        _: OAuthGrant<'_>,
    ) -> impl Future<Output = Result<Vec<Granted>, OAuthRefusal>> + Send {
        ready(Err(OAuthRefusal::NotOffered))
    }
}
