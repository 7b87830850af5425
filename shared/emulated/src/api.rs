//! The loopback port: what functions see of AWS. Checks the signature, records the call, lets faults happen, and hands it
//! to the service.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use hyper::body::Incoming;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::activity::Activity;
use crate::calls::{Call, Calls};
use crate::dynamodb::Tables;
use crate::eventbridge::Buses;
use crate::faults::{Fault, Faults};
use crate::functions::{Functions, owner_of};
use crate::policy::Need;
use crate::serve::{Cut, Reply, json, whole};
use crate::settings::Current;
use crate::signature::{Signer, Unsigned, verify};
use crate::sockets::Sockets;
use crate::sqs::Queue;
use crate::{control, eventbridge, lambda, management, parameters, policy, runtime, sqs};

/// Everything there is.
pub(crate) struct World {
    pub(crate) settings: Current,
    pub(crate) activity: Activity,
    pub(crate) faults: Arc<Faults>,
    pub(crate) calls: Calls,
    pub(crate) functions: Functions,
    pub(crate) tables: Tables,
    pub(crate) sockets: Sockets,
    pub(crate) meter: management::Meter,
    pub(crate) queue: Queue,
    pub(crate) buses: Buses,
    /// What functions find in their environment.
    pub(crate) variables: std::collections::BTreeMap<String, String>,
}

/// What a request asks for.
enum Operation {
    /// One with a JSON protocol: the service's name in IAM, the operation, its parameters.
    Json(&'static str, String, Value),
    Connection(String),
    Invoke(String),
}

/// The services with a JSON protocol: what stands before the operation in `x-amz-target`, and their names in IAM.
const TARGETS: [(&str, &str); 5] = [
    ("DynamoDB_20120810.", "dynamodb"),
    ("AmazonSQS.", "sqs"),
    ("AWSEvents.", "events"),
    ("AmazonSSM.", "ssm"),
    ("secretsmanager.", "secretsmanager"),
];

/// Answers a request to the loopback port.
pub(crate) async fn answer(world: Arc<World>, request: Request<Incoming>) -> Result<Reply, Cut> {
    let path = request.uri().path();
    if path.starts_with(runtime::PREFIX) {
        return Ok(runtime::answer(&world.functions, request).await);
    }
    if path.starts_with(control::PREFIX) {
        return Ok(control::answer(&world, request).await);
    }
    let (parts, body) = request.into_parts();
    let body = match whole(body).await {
        Ok(body) => body,
        Err(reply) => return Ok(reply),
    };
    let signer = match verify(&parts, &body, Timestamp::now()) {
        Ok(signer) => signer,
        Err(why) => return Ok(unsigned(why)),
    };
    let Some(operation) = Operation::of(&parts, &body) else {
        return Ok(refused(StatusCode::NOT_FOUND, "UnknownOperationException", ""));
    };
    if signer.service != operation.service() {
        let why = "Credential should be scoped to correct service.";
        return Ok(unsigned(Unsigned::Wrong(why)));
    }
    let fault = meet(&world, &parts, &signer, &operation);
    if let Some(instead) = before(&world, fault, &signer, &operation).await {
        return instead;
    }
    let reply = run(&world, &parts, body, operation).await;
    after(&world, fault, &signer)?;
    Ok(reply)
}

impl Operation {
    fn of(parts: &Parts, body: &[u8]) -> Option<Self> {
        if let Some(target) = text(&parts.headers, "x-amz-target") {
            let found = |(prefix, service)| Some((target.strip_prefix(prefix)?, service));
            let (operation, service) = TARGETS.into_iter().find_map(found)?;
            let parameters = serde_json::from_slice(body).ok()?;
            return Some(Self::Json(service, operation.to_owned(), parameters));
        }
        let path = parts.uri.path();
        let connection = || management::connection_of(path).map(Self::Connection);
        lambda::function_of(path).map(Self::Invoke).or_else(connection)
    }

    fn service(&self) -> &'static str {
        match self {
            Self::Json(service, ..) => service,
            Self::Connection(_) => "execute-api",
            Self::Invoke(_) => "lambda",
        }
    }

    /// What a policy must allow.
    fn needs(&self, parts: &Parts, stage: &str) -> Vec<Need> {
        match self {
            Self::Json("dynamodb", operation, body) => policy::dynamodb(operation, body),
            Self::Json(service, operation, body) => policy::other(service, operation, body),
            Self::Connection(_) => {
                let resource = format!("{stage}/{}/@connections/*", parts.method);
                vec![("execute-api:ManageConnections".to_owned(), resource)]
            }
            Self::Invoke(name) => {
                vec![("lambda:InvokeFunction".to_owned(), format!("function/{name}"))]
            }
        }
    }
}

/// Records a call, and looks whether a fault is due.
fn meet(world: &World, parts: &Parts, signer: &Signer, operation: &Operation) -> Option<Fault> {
    let function = function_of(&parts.headers, signer);
    let stage = world.settings.of(|it| it.stage.clone());
    let mut fault = None;
    for (action, resource) in operation.needs(parts, &stage) {
        let about = match operation {
            Operation::Connection(id) => id.clone(),
            _ => resource.clone(),
        };
        let call = Call { function: function.clone(), action, resource };
        fault = fault.or_else(|| world.faults.meet(&call, &about));
        world.calls.note(call);
    }
    fault
}

/// The function that calls: it names itself in the user agent; its access key knows it too.
fn function_of(headers: &HeaderMap, signer: &Signer) -> String {
    let agents = ["x-amz-user-agent", "user-agent"].map(|name| text(headers, name));
    let words = agents.into_iter().flatten().flat_map(str::split_whitespace);
    let named = words.filter_map(|word| word.strip_prefix("app/")).next();
    named.unwrap_or_else(|| owner_of(&signer.key_id)).to_owned()
}

/// What happens instead of the call.
async fn before(
    world: &World,
    fault: Option<Fault>,
    signer: &Signer,
    operation: &Operation,
) -> Option<Result<Reply, Cut>> {
    match fault? {
        Fault::Throttled => Some(Ok(throttled(operation))),
        Fault::Slow(ms) => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            None
        }
        Fault::Status(status) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            Some(Ok(refused(status, kind_of(status), "A fault was asked for")))
        }
        Fault::Cut => Some(Err(Cut)),
        Fault::Hang => std::future::pending().await,
        Fault::Kill => {
            world.functions.kill(&signer.key_id);
            Some(Err(Cut))
        }
        Fault::CutAfter | Fault::KillAfter | Fault::Twice => None,
    }
}

/// What happens after the call, instead of the answer.
fn after(world: &World, fault: Option<Fault>, signer: &Signer) -> Result<(), Cut> {
    match fault {
        Some(Fault::CutAfter) => Err(Cut),
        Some(Fault::KillAfter) => {
            world.functions.kill(&signer.key_id);
            Err(Cut)
        }
        _ => Ok(()),
    }
}

async fn run(world: &Arc<World>, parts: &Parts, body: Bytes, operation: Operation) -> Reply {
    match operation {
        Operation::Json("dynamodb", operation, parameters) => {
            world.tables.call(&operation, &parameters, &body).await
        }
        Operation::Json("sqs", operation, parameters) => sqs::send(world, &operation, &parameters),
        Operation::Json("events", operation, parameters) => {
            eventbridge::put_events(world, &operation, &parameters)
        }
        Operation::Json("ssm", operation, body) => {
            parameters::systems_manager(world, &operation, &body)
        }
        Operation::Json(_, operation, body) => {
            parameters::secrets_manager(world, &operation, &body)
        }
        Operation::Connection(id) => management::call(world, &parts.method, &id, &body),
        Operation::Invoke(name) => lambda::invoke(world, &name, parts, body).await,
    }
}

fn throttled(operation: &Operation) -> Reply {
    let (status, kind) = match operation {
        Operation::Json("dynamodb", ..) => {
            let kind = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException";
            (StatusCode::BAD_REQUEST, kind)
        }
        Operation::Json(..) => (StatusCode::BAD_REQUEST, "ThrottlingException"),
        Operation::Connection(_) => (StatusCode::TOO_MANY_REQUESTS, "LimitExceededException"),
        Operation::Invoke(_) => (StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException"),
    };
    refused(status, kind, "Rate exceeded")
}

fn kind_of(status: StatusCode) -> &'static str {
    match status {
        StatusCode::GONE => "GoneException",
        StatusCode::FORBIDDEN => "ForbiddenException",
        StatusCode::TOO_MANY_REQUESTS => "LimitExceededException",
        _ => "InternalServerError",
    }
}

fn unsigned(why: Unsigned) -> Reply {
    let (kind, why) = match why {
        Unsigned::Missing => ("MissingAuthenticationToken", "Missing Authentication Token"),
        Unsigned::Wrong(why) => ("InvalidSignatureException", why),
    };
    refused(StatusCode::FORBIDDEN, kind, why)
}

/// An error as AWS's JSON protocols have it; REST ones read the header.
pub(crate) fn refused(status: StatusCode, kind: &'static str, why: &str) -> Reply {
    let mut reply = json(status, &json!({ "__type": kind, "message": why }));
    reply.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(kind));
    reply
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
