//! All platforms as one, by name.

use posts::{
    Account, Answer, Class, Content, Credentials, DeliveryId, ErrorClass, FieldError, Granted,
    LimitsRead, NewAccount, OAuthAsk, OAuthGrant, OAuthRefusal, Outcome, Post, Prepared, PublishTo,
    ReadBack, Refreshed, Request, Secret, Timestamp,
};

use crate::bluesky::{self, Bluesky};
use crate::call::refused;
use crate::discord::{self, Discord};
use crate::facebook::{self, Facebook};
use crate::instagram::{self, Instagram};
use crate::linkedin::{self, LinkedIn, Whose};
use crate::mastodon::{self, Mastodon};
use crate::slack::{self, Slack};
use crate::telegram::{self, Telegram};
use crate::threads::{self, Threads};
use crate::webhook::{self, Webhook};
use crate::x::{self, X};
use crate::{Apis, Http, Platform};

/// Every platform there is, by name.
#[derive(Debug, Clone)]
pub struct Platforms {
    bluesky: Bluesky,
    discord: Discord,
    facebook: Facebook,
    instagram: Instagram,
    linkedin: LinkedIn,
    linkedin_page: LinkedIn,
    mastodon: Mastodon,
    slack: Slack,
    telegram: Telegram,
    threads: Threads,
    webhook: Webhook,
    x: X,
}

/// Does `$do` with the platform of that name as `$it`, or `$none` if there is none.
macro_rules! with {
    ($all:expr, $name:expr, $it:ident => $do:expr, $none:expr) => {
        match $name {
            bluesky::NAME => {
                let $it = &$all.bluesky;
                $do
            }
            discord::NAME => {
                let $it = &$all.discord;
                $do
            }
            facebook::NAME => {
                let $it = &$all.facebook;
                $do
            }
            instagram::NAME => {
                let $it = &$all.instagram;
                $do
            }
            linkedin::MEMBER => {
                let $it = &$all.linkedin;
                $do
            }
            linkedin::ORGANIZATION => {
                let $it = &$all.linkedin_page;
                $do
            }
            mastodon::NAME => {
                let $it = &$all.mastodon;
                $do
            }
            slack::NAME => {
                let $it = &$all.slack;
                $do
            }
            telegram::NAME => {
                let $it = &$all.telegram;
                $do
            }
            threads::NAME => {
                let $it = &$all.threads;
                $do
            }
            webhook::NAME => {
                let $it = &$all.webhook;
                $do
            }
            x::NAME => {
                let $it = &$all.x;
                $do
            }
            _ => $none,
        }
    };
}

impl Platforms {
    /// The names of all platforms.
    pub const NAMES: [&'static str; 12] = [
        bluesky::NAME,
        discord::NAME,
        facebook::NAME,
        instagram::NAME,
        linkedin::MEMBER,
        linkedin::ORGANIZATION,
        mastodon::NAME,
        slack::NAME,
        telegram::NAME,
        threads::NAME,
        webhook::NAME,
        x::NAME,
    ];

    /// All platforms, speaking through one client.
    pub fn new(http: Http, apis: Apis) -> Self {
        let linkedin = |whose| LinkedIn::new(http.clone(), apis.linkedin.clone(), whose);
        Self {
            linkedin: linkedin(Whose::Member),
            linkedin_page: linkedin(Whose::Organization),
            bluesky: Bluesky::new(http.clone(), apis.bluesky),
            discord: Discord::new(http.clone(), apis.discord),
            facebook: Facebook::new(http.clone(), apis.meta.clone()),
            instagram: Instagram::new(http.clone(), apis.meta),
            mastodon: Mastodon::new(http.clone(), apis.mastodon),
            slack: Slack::new(http.clone(), apis.slack),
            telegram: Telegram::new(http.clone(), apis.telegram),
            threads: Threads::new(http.clone(), apis.threads),
            x: X::new(http.clone(), apis.x),
            webhook: Webhook::new(http),
        }
    }
}

impl PublishTo for Platforms {
    fn class(&self, platform: &str) -> Option<Class> {
        with!(self, platform, it => Some(it.class()), None)
    }

    fn check(&self, account: &NewAccount) -> Vec<FieldError> {
        with!(self, account.platform.as_str(), it => it.check(account), vec![unknown()])
    }

    fn check_content(&self, content: &Content<'_>) -> Vec<FieldError> {
        // Only servers of Mastodon differ.
        if content.platform == mastodon::NAME {
            return self.mastodon.check_content(content);
        }
        let Content { platform, text, pictures, .. } = *content;
        with!(self, platform, it => {
            let pictures = pictures.map(|pictures| it.check_media(pictures));
            it.check_text(text).into_iter().chain(pictures.unwrap_or_default()).collect()
        }, vec![unknown()])
    }

    async fn server_limits(&self, account: &Account, now: Timestamp) -> LimitsRead {
        match account.platform.as_str() {
            mastodon::NAME => self.mastodon.server_limits(&account.url, now).await,
            _ => LimitsRead::NoOwn,
        }
    }

    fn fetches(&self, platform: &str) -> bool {
        with!(self, platform, it => it.fetches(), false)
    }

    /// Empty if there is no such platform, as nothing is sent then.
    fn freeze(&self, platform: &str, post: &Post, delivery: &DeliveryId) -> String {
        with!(self, platform, it => it.freeze(post, delivery), String::new())
    }

    async fn prepare(&self, request: Request<'_>) -> Prepared {
        let name = request.account.platform.as_str();
        let prepared =
            with!(self, name, it => it.prepare(request).await, Prepared::Failed(nowhere()));
        match prepared {
            Prepared::Failed(answer) => Prepared::Failed(without(answer, request.secret)),
            good => good,
        }
    }

    async fn publish(&self, request: Request<'_>) -> Answer {
        let name = request.account.platform.as_str();
        let answer = with!(self, name, it => it.publish(request).await, nowhere());
        without(answer, request.secret)
    }

    async fn read_back(&self, request: Request<'_>) -> ReadBack {
        let message = || unknown().message;
        let name = request.account.platform.as_str();
        with!(self, name, it => it.read_back(request).await, ReadBack::Unreadable { message: message() })
    }

    async fn refresh(&self, account: &Account, old: &Credentials, now: Timestamp) -> Refreshed {
        let name = account.platform.as_str();
        with!(self, name, it => it.refresh(account, old, now).await, Refreshed::NotOffered)
    }

    async fn sign_in(&self, new: &NewAccount, now: Timestamp) -> Result<Granted, Vec<FieldError>> {
        with!(self, new.platform.as_str(), it => it.sign_in(new, now).await, Err(vec![unknown()]))
    }

    async fn register(
        &self,
        platform: &str,
        instance: &str,
        redirect_uri: &str,
        now: Timestamp,
    ) -> Result<Option<Secret>, OAuthRefusal> {
        let offered = Err(OAuthRefusal::NotOffered);
        with!(self, platform, it => it.register(instance, redirect_uri, now).await, offered)
    }

    fn authorize_url(&self, platform: &str, ask: OAuthAsk<'_>) -> Result<String, OAuthRefusal> {
        with!(self, platform, it => it.authorize_url(ask), Err(OAuthRefusal::NotOffered))
    }

    async fn exchange(
        &self,
        platform: &str,
        grant: OAuthGrant<'_>,
    ) -> Result<Vec<Granted>, OAuthRefusal> {
        with!(self, platform, it => it.exchange(grant).await, Err(OAuthRefusal::NotOffered))
    }
}

/// An answer without the account's secret, should the platform have repeated it.
fn without(answer: Answer, secret: &Secret) -> Answer {
    let secret = secret.reveal();
    let clean = |message: String| match secret {
        "" => message,
        secret => message.replace(secret, "…"),
    };
    let outcome = match answer.outcome {
        Outcome::Published { .. } => answer.outcome,
        Outcome::NotSent { class, message, retry_after_s } => {
            Outcome::NotSent { class, message: clean(message), retry_after_s }
        }
        Outcome::Refused { class, message, http_status } => {
            Outcome::Refused { class, message: clean(message), http_status }
        }
        Outcome::RateLimited { retry_after_s, message } => {
            Outcome::RateLimited { retry_after_s, message: clean(message) }
        }
        Outcome::Unknown { message } => Outcome::Unknown { message: clean(message) },
    };
    Answer { outcome, gate: answer.gate }
}

fn nowhere() -> Answer {
    refused(ErrorClass::Invalid, unknown().message, None).into()
}

fn unknown() -> FieldError {
    let message =
        format!("There is no such platform here; use one of {}.", Platforms::NAMES.join(", "));
    FieldError::new("platform", "unknown", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Addresses, Settings};

    #[test]
    fn every_name_is_a_platform() {
        let http = Http::new(Settings::new(Addresses::Public)).unwrap();
        let platforms = Platforms::new(http, Apis::default());
        for name in Platforms::NAMES {
            assert!(platforms.class(name).is_some(), "{name}");
            let (server, pictures) = (None, None);
            let content = Content { platform: name, server, text: "Hello", pictures };
            assert_eq!(platforms.check_content(&content), [], "{name}");
        }
        assert_eq!(platforms.class("twitter"), None);
    }

    #[test]
    fn a_secret_that_is_repeated_is_dropped() {
        let told = refused(ErrorClass::Invalid, "bad token 1:abc!", Some(400));
        let answer = without(told.into(), &Secret::new("1:abc"));
        assert_eq!(answer.outcome, refused(ErrorClass::Invalid, "bad token …!", Some(400)));
    }
}
