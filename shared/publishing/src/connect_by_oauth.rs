//! Accounts that are connected by asking a person at the platform: the way there, and the way back.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use data::Error;
use posts::{
    Account, AccountId, AccountStatus, CONNECT_FOR, Caller, Conflict, FieldError, Granted,
    OAuthAsk, OAuthGrant, OAuthRefusal, Pending, Secret, Timestamp, UserId, WorkspaceId, limits,
    news,
};
use sha2::{Digest, Sha256};

use crate::{Announcer, PublishTo, Publishing, Refusal, numbers};

/// Whose the vault's entries of people on their way are: they have no workspace that could be known before they are open.
pub(crate) const ON_THE_WAY: &str = "connecting";

/// A request to connect an account by asking a person at the platform.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BeginConnect {
    /// The platform.
    pub platform: String,
    /// The workspace. May be left out by a member of exactly one.
    pub workspace_id: Option<WorkspaceId>,
    /// The account to connect again; a new one if left out.
    pub account_id: Option<AccountId>,
    /// The instance of the platform, where it has instances.
    pub instance: String,
}

/// Where to send the person, and what their browser keeps meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// Where the person grants access.
    pub url: String,
    /// What the browser must show when it comes back.
    pub browser: Secret,
}

/// What a browser brought back from a platform.
#[derive(Debug, Clone, Copy)]
pub struct BroughtBack<'a> {
    /// The platform, by the address that it sent the browser to.
    pub platform: &'a str,
    /// The state.
    pub state: &'a str,
    /// The code, or the platform's word for why there is none.
    pub code: Result<&'a str, &'a str>,
    /// What the browser kept.
    pub browser: &'a str,
    /// The user, if the browser shows one.
    pub user: Option<&'a UserId>,
}

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// Begins to connect an account. The platform sends the person back to `redirect_uri`.
    pub async fn begin_connect(
        &self,
        caller: &Caller,
        ask: BeginConnect,
        redirect_uri: &str,
        now: Timestamp,
    ) -> Result<Begun, Refusal> {
        let BeginConnect { platform, workspace_id, account_id, instance } = ask;
        let workspace = caller.workspace(workspace_id.as_ref());
        let mut workspace_id = workspace.map_err(|error| Refusal::Invalid(vec![error]));
        let mut instance = instance.trim_end_matches('/').to_owned();
        if let Some(id) = &account_id {
            let account = self.get_account(caller, id).await?;
            if account.platform != platform {
                return Err(Refusal::NotFound);
            }
            workspace_id = Ok(account.workspace_id);
            instance = account.url.trim_end_matches('/').to_owned();
        }
        let registered = self.registered(&platform, &instance, redirect_uri, now).await?;
        let [state, verifier, browser] =
            [(); 3].map(|()| BASE64.encode(rand::random::<[u8; 32]>()));
        let code_challenge = BASE64.encode(Sha256::digest(&verifier));
        let ask = OAuthAsk {
            redirect_uri,
            state: &state,
            code_challenge: &code_challenge,
            instance: &instance,
            registered: registered.as_ref(),
        };
        let url = self.platforms.authorize_url(&platform, ask);
        let url = url.map_err(|why| refused(&platform, why))?;
        let pending = Pending {
            user_id: caller.user_id.clone(),
            workspace_id: workspace_id?,
            platform,
            instance,
            account_id,
            redirect_uri: redirect_uri.to_owned(),
            verifier: Secret::new(verifier),
            browser: Pending::hash(&browser),
            registered,
            until: now.plus(CONNECT_FOR),
        };
        self.remember(&state, &pending).await?;
        Ok(Begun { url, browser: Secret::new(browser) })
    }

    /// Ends what [`Publishing::begin_connect`] began: stores the accounts that access was granted to. Accounts that the
    /// workspace has already are connected again.
    pub async fn finish_connect(
        &self,
        back: BroughtBack<'_>,
        now: Timestamp,
    ) -> Result<Vec<Account>, Refusal> {
        let pending = self.recall(back.state).await?;
        pending.check(back.platform, back.browser, back.user, now)?;
        let code = back.code.map_err(|why| denied(&pending.platform, why))?;
        let grant = OAuthGrant {
            code: &Secret::new(code),
            code_verifier: &pending.verifier,
            redirect_uri: &pending.redirect_uri,
            instance: &pending.instance,
            registered: pending.registered.as_ref(),
            now,
        };
        let granted = self.platforms.exchange(&pending.platform, grant).await;
        let granted = granted.map_err(|why| refused(&pending.platform, why))?;
        let granted = match &pending.account_id {
            Some(id) => vec![self.same_account(id, granted).await?],
            None => granted,
        };
        if granted.is_empty() {
            let message = "No account was chosen there, or none that can be published to.".into();
            return Err(Refusal::Conflict { code: "no_account", message });
        }
        let mut accounts = Vec::with_capacity(granted.len());
        for one in granted {
            accounts.push(self.store_granted(&pending, one, now).await?);
        }
        Ok(accounts)
    }

    /// What registering with the instance gives, as it was kept or anew.
    async fn registered(
        &self,
        platform: &str,
        instance: &str,
        redirect_uri: &str,
        now: Timestamp,
    ) -> Result<Option<Secret>, Refusal> {
        let hash = Pending::hash(&format!("{platform}|{instance}|{redirect_uri}"));
        if let Some(sealed) = self.data.registration(&hash).await?
            && let Ok(open) = self.vault.open(ON_THE_WAY, &hash, &sealed).await
        {
            return Ok(Some(Secret::new(open)));
        }
        let made = self.platforms.register(platform, instance, redirect_uri, now).await;
        let Some(made) = made.map_err(|why| refused(platform, why))? else { return Ok(None) };
        let sealed = self.vault.seal(ON_THE_WAY, &hash, made.reveal()).await.map_err(shut)?;
        match self.data.put_registration(&hash, &sealed).await {
            // Another request registered in the same moment; both registrations work.
            Ok(()) | Err(Error::Conflict) => Ok(Some(made)),
            Err(error) => Err(error.into()),
        }
    }

    async fn remember(&self, state: &str, pending: &Pending) -> Result<(), Refusal> {
        let hash = Pending::hash(state);
        let text = serde_json::to_string(pending).map_err(Error::from)?;
        let sealed = self.vault.seal(ON_THE_WAY, &hash, &text).await.map_err(shut)?;
        Ok(self.data.put_pending(&hash, &sealed, pending.until).await?)
    }

    /// What was remembered under a state, once.
    async fn recall(&self, state: &str) -> Result<Pending, Refusal> {
        let hash = Pending::hash(state);
        let sealed = match self.data.take_pending(&hash).await {
            Ok(sealed) => sealed,
            Err(Error::NotFound) => return Err(Conflict::StateUnknown.into()),
            Err(error) => return Err(error.into()),
        };
        let text = self.vault.open(ON_THE_WAY, &hash, &sealed).await.map_err(shut)?;
        serde_json::from_str(&text).map_err(|_| Conflict::StateUnknown.into())
    }

    /// The one of `granted` that is the account which is to be connected again.
    async fn same_account(
        &self,
        id: &AccountId,
        granted: Vec<Granted>,
    ) -> Result<Granted, Refusal> {
        let account = self.data.get_account(id).await?;
        let same = granted.into_iter().find(|it| it.remote_id == account.remote_id);
        same.ok_or_else(|| Conflict::OtherAccount.into())
    }

    async fn store_granted(
        &self,
        pending: &Pending,
        granted: Granted,
        now: Timestamp,
    ) -> Result<Account, Refusal> {
        let known = self.data.list_accounts(&pending.workspace_id).await?;
        let same = |it: &Account| {
            it.platform == pending.platform
                && it.remote_id == granted.remote_id
                && (pending.instance.is_empty() || it.url.trim_end_matches('/') == pending.instance)
        };
        if let Some(known) = known.into_iter().find(same) {
            return self.reopen_account(known, &granted.remote_id, &granted.credentials, now).await;
        }
        let account = Account {
            id: AccountId::from_number(numbers::unique(now)),
            workspace_id: pending.workspace_id.clone(),
            platform: pending.platform.clone(),
            name: granted.name.chars().take(limits::ACCOUNT_NAME_CHARS).collect(),
            url: granted.url,
            remote_id: granted.remote_id,
            created_by: pending.user_id.clone(),
            created_at: now,
            status: AccountStatus::Connected,
            limits: None,
            version: 1,
        };
        let account = self.first_limits(account, now).await;
        let sealed = self.seal(&account, 1, &granted.credentials).await?;
        self.data.create_account(&account, &sealed).await?;
        self.announce([news::account_connected(&account)]).await;
        Ok(account)
    }
}

fn refused(platform: &str, why: OAuthRefusal) -> Refusal {
    let (code, message) = match why {
        OAuthRefusal::NotOffered => (
            "not_offered",
            format!("Accounts of {platform} are not connected this way. Use POST /api/accounts."),
        ),
        OAuthRefusal::NotConfigured(setting) => (
            "not_configured",
            format!("{platform} is not set up here. Tell the operator to set {setting}."),
        ),
        OAuthRefusal::Invalid(message) => {
            return Refusal::Invalid(vec![FieldError::new("instance", "invalid", message)]);
        }
        OAuthRefusal::NotGranted(message) => ("not_granted", message),
    };
    Refusal::Conflict { code, message }
}

/// The platform's word is not repeated: it comes from the address, which anybody can write.
fn denied(platform: &str, why: &str) -> Refusal {
    let (code, message) = match why {
        "access_denied" | "user_cancelled_login" | "user_cancelled_authorize" => {
            ("access_denied", format!("Access was not granted at {platform}. Nothing has changed."))
        }
        _ => ("not_granted", format!("{platform} could not grant access. Begin again.")),
    };
    Refusal::Conflict { code, message }
}

fn shut(cause: vault::VaultError) -> Refusal {
    tracing::error!(%cause, "what is remembered of a connection cannot be sealed or opened");
    Refusal::Unavailable
}
