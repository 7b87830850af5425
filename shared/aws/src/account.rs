//! On whose behalf calls are made, and where services are: from the environment's variables.

use std::fmt;

use http::HeaderValue;

/// What a function's environment says (Lambda developer guide, "Defined runtime environment variables"; AWS SDKs
/// reference, "Service-specific endpoints").
#[derive(Clone)]
pub struct Account {
    /// The region, such as `eu-central-1`.
    pub region: String,
    /// The access key's id.
    pub key_id: String,
    /// Its secret.
    pub(crate) secret: auth::Secret,
    /// The session's token; functions always have one.
    pub(crate) token: Option<HeaderValue>,
    /// The function's name.
    pub function: String,
    /// Endpoints by service, as `AWS_ENDPOINT_URL_{SERVICE}` name them.
    endpoints: Vec<(Service, String)>,
}

/// Services called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Dynamodb,
    Events,
    ExecuteApi,
    Lambda,
    Sqs,
    Ssm,
}

impl Service {
    const ALL: [Self; 6] =
        [Self::Dynamodb, Self::Events, Self::ExecuteApi, Self::Lambda, Self::Sqs, Self::Ssm];

    /// Its name in hosts and signatures.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Dynamodb => "dynamodb",
            Self::Events => "events",
            Self::ExecuteApi => "execute-api",
            Self::Lambda => "lambda",
            Self::Sqs => "sqs",
            Self::Ssm => "ssm",
        }
    }

    /// The variable that names another endpoint.
    fn variable(self) -> &'static str {
        match self {
            Self::Dynamodb => "AWS_ENDPOINT_URL_DYNAMODB",
            Self::Events => "AWS_ENDPOINT_URL_EVENTBRIDGE",
            Self::ExecuteApi => "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI",
            Self::Lambda => "AWS_ENDPOINT_URL_LAMBDA",
            Self::Sqs => "AWS_ENDPOINT_URL_SQS",
            Self::Ssm => "AWS_ENDPOINT_URL_SSM",
        }
    }
}

/// A variable that Lambda sets is not there.
#[derive(Debug, thiserror::Error)]
#[error(
    "{0} is missing or no text for a header; Lambda sets it, and so must whatever runs this instead of Lambda."
)]
pub struct AccountError(&'static str);

impl Account {
    /// Reads the variables through `get`.
    ///
    /// # Errors
    /// When one is missing that Lambda always sets.
    pub fn read<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Result<Self, AccountError> {
        let need = |name| get(name).ok_or(AccountError(name));
        let region = get("AWS_REGION").or_else(|| get("AWS_DEFAULT_REGION"));
        let token = get("AWS_SESSION_TOKEN").map(HeaderValue::from_str).transpose();
        let mut token = token.map_err(|_| AccountError("AWS_SESSION_TOKEN"))?;
        if let Some(token) = &mut token {
            token.set_sensitive(true);
        }
        let endpoints = Service::ALL.into_iter().filter_map(|service| {
            get(service.variable()).map(|url| (service, url.trim_end_matches('/').to_owned()))
        });
        Ok(Self {
            region: region.ok_or(AccountError("AWS_REGION"))?.to_owned(),
            key_id: need("AWS_ACCESS_KEY_ID")?.to_owned(),
            secret: auth::Secret::new(need("AWS_SECRET_ACCESS_KEY")?),
            token,
            function: need("AWS_LAMBDA_FUNCTION_NAME")?.to_owned(),
            endpoints: endpoints.collect(),
        })
    }

    /// The endpoint of a service that was named, if one was.
    pub(crate) fn named(&self, service: Service) -> Option<&str> {
        self.endpoints.iter().find(|(it, _)| *it == service).map(|(_, url)| &**url)
    }

    /// The endpoint of a service.
    pub(crate) fn endpoint(&self, service: Service) -> String {
        let usual = || format!("https://{}.{}.amazonaws.com", service.name(), self.region);
        self.named(service).map_or_else(usual, str::to_owned)
    }

    /// Where connections are posted to, by what an event says of its gateway.
    pub fn connections(&self, domain: &str, stage: &str) -> String {
        match self.named(Service::ExecuteApi) {
            Some(url) => format!("{url}/{stage}"),
            None => format!("https://{domain}/{stage}"),
        }
    }

    /// What calls say of their sender: the function's name stands where the SDKs put an application's.
    pub(crate) fn agent(&self) -> String {
        format!("pushbridge/{} app/{}", env!("CARGO_PKG_VERSION"), self.function)
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Account({} in {})", self.function, self.region)
    }
}
