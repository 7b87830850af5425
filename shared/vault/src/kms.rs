//! AWS KMS: data keys made and opened by a key that never leaves it, over the same client as other calls outside, signed
//! with AWS Signature Version 4. Two operations do not need an SDK; the signature is the SDK's own.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use outbound::{Addresses, Body, Call, Http, HttpError, Reply, Settings};
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{DataKey, KeyProvider, VaultError};

const CONTENT_TYPE: &str = "application/x-amz-json-1.1";
/// How long a call may take. Ours: a call takes milliseconds, and posts wait for it.
const TIMEOUT: Duration = Duration::from_secs(5);
/// What the keys are for, in the encryption context. Source: the rules for tokens at rest.
const PURPOSE: &str = "oauth";

/// A key of AWS KMS.
pub struct KmsKeys {
    http: Http,
    key_id: String,
    region: String,
    url: String,
    credentials: Credentials,
}

impl fmt::Debug for KmsKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KmsKeys({})", self.url)
    }
}

/// What both operations answer; each leaves one of the two out or not.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    plaintext: String,
    #[serde(default)]
    ciphertext_blob: Option<String>,
}

impl KmsKeys {
    /// The key of this id, ARN or alias in a region, called with these credentials; `url` is the service's own unless
    /// named.
    ///
    /// # Errors
    /// When the system has no CA certificates.
    pub fn new(
        key_id: impl Into<String>,
        region: impl Into<String>,
        credentials: (&str, &str, Option<&str>),
        url: Option<&str>,
    ) -> Result<Self, HttpError> {
        let region = region.into();
        let url = url.map_or_else(|| format!("https://kms.{region}.amazonaws.com/"), str::to_owned);
        // The address is the operator's; a VPC's own endpoint has a private one.
        let settings = Settings { timeout: TIMEOUT, ..Settings::new(Addresses::AlsoPrivate) };
        let (id, secret, token) = credentials;
        let token = token.map(str::to_owned);
        let credentials = Credentials::new(id, secret, token, None, "configuration");
        Ok(Self { http: Http::new(settings)?, key_id: key_id.into(), region, url, credentials })
    }

    async fn call(&self, operation: &str, body: Value) -> Result<Answer, VaultError> {
        let target = format!("TrentService.{operation}");
        let (body, now) = (body.to_string(), SystemTime::now());
        let headers = self.signed(&target, &body, now).ok_or(VaultError::Unavailable)?;
        let now_s = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let call = Call { method: Method::POST, url: &self.url, headers, body: body.into(), now_s };
        match self.http.call(call).await {
            Reply::Answered { status: 200, body: Body::Whole(answer), .. } => {
                serde_json::from_slice(&answer).map_err(|_| VaultError::Unavailable)
            }
            Reply::Answered { status, body, .. } => Err(refused(operation, status, &body)),
            Reply::Closed(refusal) => Err(silent(operation, &refusal.to_string())),
            Reply::NotSent(why) | Reply::Unknown(why) => Err(silent(operation, why)),
        }
    }

    fn signed(&self, target: &str, body: &str, now: SystemTime) -> Option<HeaderMap> {
        let identity = self.credentials.clone().into();
        let params = v4::SigningParams::builder().identity(&identity).region(&self.region);
        let params = params.name("kms").time(now).settings(SigningSettings::default());
        let own = [("content-type", CONTENT_TYPE), ("x-amz-target", target)];
        let bytes = SignableBody::Bytes(body.as_bytes());
        let request = SignableRequest::new("POST", &*self.url, own.into_iter(), bytes).ok()?;
        let (added, _) = sign(request, &params.build().ok()?.into()).ok()?.into_parts();
        let header = |(name, value): (&str, &str)| {
            let mut value = HeaderValue::from_str(value).ok()?;
            value.set_sensitive(matches!(name, "authorization" | "x-amz-security-token"));
            Some((HeaderName::from_bytes(name.as_bytes()).ok()?, value))
        };
        own.into_iter().chain(added.headers()).map(header).collect()
    }
}

impl KeyProvider for KmsKeys {
    async fn new_data_key(&self, workspace: &str) -> Result<DataKey, VaultError> {
        let ask = json!({
            "KeyId": self.key_id, "KeySpec": "AES_256", "EncryptionContext": context(workspace),
        });
        let Answer { plaintext, ciphertext_blob } = self.call("GenerateDataKey", ask).await?;
        let wrapped = ciphertext_blob.and_then(|text| BASE64.decode(text).ok());
        Ok(DataKey::new(key(&plaintext)?, wrapped.ok_or(VaultError::Unavailable)?))
    }

    async fn open_data_key(
        &self,
        workspace: &str,
        wrapped: Vec<u8>,
    ) -> Result<DataKey, VaultError> {
        let ask = json!({
            "KeyId": self.key_id, "CiphertextBlob": BASE64.encode(&wrapped),
            "EncryptionContext": context(workspace),
        });
        let answer = self.call("Decrypt", ask).await?;
        Ok(DataKey::new(key(&answer.plaintext)?, wrapped))
    }
}

/// What a data key is bound to: opened for another workspace it does not open. The account is bound by the seal itself.
fn context(workspace: &str) -> Value {
    json!({ "workspace_id": workspace, "purpose": PURPOSE })
}

fn key(text: &str) -> Result<[u8; 32], VaultError> {
    let bytes = BASE64.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or(VaultError::Unavailable)
}

/// Only what KMS says of the text itself is about the text; anything else passes, or the operator's to mend.
fn refused(operation: &str, status: u16, body: &Body) -> VaultError {
    let body = match body {
        Body::Whole(bytes) => serde_json::from_slice::<Value>(bytes).unwrap_or_default(),
        Body::TooLong | Body::Broken => Value::Null,
    };
    let kind = body["__type"].as_str().unwrap_or_default();
    let kind = kind.rsplit('#').next().unwrap_or_default();
    if matches!(kind, "InvalidCiphertextException" | "IncorrectKeyException") {
        return VaultError::Damaged;
    }
    tracing::error!(operation, status, kind, "AWS KMS refused");
    VaultError::Unavailable
}

fn silent(operation: &str, why: &str) -> VaultError {
    tracing::error!(operation, why, "AWS KMS does not answer");
    VaultError::Unavailable
}
