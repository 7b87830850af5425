//! Where platforms are, which versions of their APIs are spoken, and what the operator registered with them.

use posts::Secret;
use serde::Deserialize;

/// All platforms' settings. The default is production, without registered apps.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Apis {
    /// Bluesky and other servers of the AT protocol.
    pub bluesky: BlueskyApi,
    /// Mastodon.
    pub mastodon: MastodonApi,
    /// X.
    pub x: XApi,
    /// LinkedIn.
    pub linkedin: LinkedInApi,
    /// Facebook pages and Instagram.
    pub meta: MetaApi,
    /// Threads.
    pub threads: ThreadsApi,
    /// Telegram.
    pub telegram: TelegramApi,
    /// Discord.
    pub discord: DiscordApi,
    /// Slack.
    pub slack: SlackApi,
}

/// An app that the operator registered with a platform.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// Its public id.
    pub id: String,
    /// Its secret; public clients have none.
    #[serde(default)]
    pub secret: Option<Secret>,
}

macro_rules! api {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty = $default:expr,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }
    };
}

api!(
    /// Bluesky.
    BlueskyApi {
        /// The server of accounts that name none.
        pds: String = "https://bsky.social".into(),
        /// Where people see posts.
        app: String = "https://bsky.app".into(),
    }
);

api!(
    /// Mastodon.
    MastodonApi {
        /// Most characters of a post on servers that do not say. Source: Mastodon's default.
        max_characters: usize = 500,
    }
);

api!(
    /// X.
    XApi {
        /// The API's address.
        api: String = "https://api.x.com".into(),
        /// Where people grant access, and see posts.
        web: String = "https://x.com".into(),
        /// The app registered with X, for connecting accounts and renewing their tokens.
        client: Option<Client> = None,
    }
);

api!(
    /// LinkedIn.
    LinkedInApi {
        /// The API's address.
        api: String = "https://api.linkedin.com".into(),
        /// Where people grant access, and see posts.
        web: String = "https://www.linkedin.com".into(),
        /// The API's version, `YYYYMM`. LinkedIn switches a version off about a year after its month.
        version: String = "202606".into(),
        /// The app registered with LinkedIn, for connecting accounts and renewing their tokens.
        client: Option<Client> = None,
    }
);

api!(
    /// The Graph API, for Facebook pages and Instagram.
    MetaApi {
        /// The API's address.
        graph: String = "https://graph.facebook.com".into(),
        /// The API of accounts that were connected by Instagram's own login, which renews their tokens.
        instagram: String = "https://graph.instagram.com".into(),
        /// Where people grant access to pages.
        web: String = "https://www.facebook.com".into(),
        /// Where people grant access to Instagram accounts.
        instagram_web: String = "https://www.instagram.com".into(),
        /// Where Instagram's codes become tokens.
        instagram_login: String = "https://api.instagram.com".into(),
        /// The app registered with Facebook, for connecting pages.
        client: Option<Client> = None,
        /// The Instagram app of that app, for connecting Instagram accounts.
        instagram_client: Option<Client> = None,
        /// The API's version.
        version: String = "v24.0".into(),
        /// The app's secret, which calls then prove to know (`appsecret_proof`).
        app_secret: Option<Secret> = None,
    }
);

api!(
    /// Threads.
    ThreadsApi {
        /// The API's address.
        graph: String = "https://graph.threads.net".into(),
        /// Where people grant access.
        web: String = "https://threads.net".into(),
        /// The app registered with Threads, for connecting accounts.
        client: Option<Client> = None,
        /// The API's version.
        version: String = "v1.0".into(),
    }
);

api!(
    /// Telegram.
    TelegramApi {
        /// The API's address.
        api: String = "https://api.telegram.org".into(),
        /// Where people see posts.
        web: String = "https://t.me".into(),
    }
);

api!(
    /// Discord.
    DiscordApi {
        /// The address that webhooks begin with, and the API's.
        web: String = "https://discord.com".into(),
        /// The API's version.
        version: String = "v10".into(),
    }
);

api!(
    /// Slack.
    SlackApi {
        /// The address that webhooks begin with.
        hooks: String = "https://hooks.slack.com".into(),
    }
);
