//! What Facebook, Instagram and Threads have in common: errors, usage headers, containers.

mod two_step;

use hmac::{Hmac, KeyInit, Mac};
use outbound::Http;
use posts::{
    Answer, Credentials, ErrorClass, Gate, OAuthRefusal, Outcome, Prepared, ReadBack, Refreshed,
    Request, Secret, Timestamp,
};
use serde_json::Value;
use sha2::Sha256;

use crate::call::{Ask, Said, harmless, limited, no_id, not_sent, reconnect, refused, usual};
use crate::read::{Seen, Text};
use crate::{gate, oauth, read};
pub(crate) use two_step::TwoStep;

/// From this share of a limit on, in percent, calls wait. Source: the rules for usage headers.
const NEARLY: u64 = 90;
/// How long they wait if the platform gives no time, in seconds: limits are those of a rolling hour.
const PAUSE_S: u64 = 300;
/// When to look again at a container, in seconds. Meta advises once a minute.
const LOOK_AGAIN_S: u64 = 60;

/// Proves that a call comes from the app (`appsecret_proof`): HMAC-SHA256 of the token under the app's secret.
pub(crate) fn proof(app_secret: &Secret, token: &Secret) -> String {
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(app_secret.reveal().as_bytes()) else {
        unreachable!("HMAC takes a key of any length")
    };
    let bytes = mac.chain_update(token.reveal()).finalize().into_bytes();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What an answer other than success means (Graph API, "Handle errors").
pub(crate) fn outcome(said: &Said, who: &str) -> Outcome {
    let body = said.json();
    let error = &body["error"];
    let words = [&error["error_user_msg"], &error["message"]];
    let words = words.iter().find_map(|it| it.as_str()).unwrap_or_default();
    let status = Some(said.status);
    let unsure = || Outcome::Unknown { message: format!("{who} has trouble: {words}") };
    let (Some(code), subcode) = (error["code"].as_i64(), error["error_subcode"].as_i64()) else {
        return usual(said, who, words);
    };
    match (code, subcode.unwrap_or(0)) {
        // Told of calls whose post was there all the same.
        (4, 2_207_051) => unsure(),
        (102 | 190, _) => refused(ErrorClass::Auth, reconnect(who), status),
        (4 | 17 | 32 | 341 | 613 | 80_001..=80_014, _) | (9, 2_207_042) => {
            limited(who, regain_s(said))
        }
        // What is to be published is not there any more: it is made anew.
        (_, 2_207_006 | 2_207_008 | 2_207_020) => not_sent(
            ErrorClass::PlatformUnavailable,
            format!("{who} no longer has what was prepared."),
            None,
        ),
        // The picture could not be fetched, or the container is not spread yet: nothing is published.
        (9_004 | -2, _) | (_, 2_207_052 | 2_207_003) => {
            not_sent(ErrorClass::Media, format!("{who} could not fetch a picture: {words}"), None)
        }
        (9_007 | 4_279_009, _) | (_, 4_279_009) => not_sent(
            ErrorClass::PlatformUnavailable,
            format!("{who} is not ready yet."),
            Some(LOOK_AGAIN_S),
        ),
        (368, _) => refused(
            ErrorClass::Forbidden,
            format!("{who} blocks this account or post: {words}"),
            status,
        ),
        (506, _) => refused(
            ErrorClass::Duplicate,
            format!("{who} has the same post already. Change the text."),
            status,
        ),
        (10 | 200..=299, _) => {
            refused(ErrorClass::Forbidden, format!("{who} does not allow this: {words}"), status)
        }
        (1 | 2, _) => unsure(),
        _ if error["is_transient"] == true || said.status >= 500 => unsure(),
        _ => {
            refused(ErrorClass::Invalid, format!("{who} did not accept the post: {words}"), status)
        }
    }
}

/// The outcome of an answer with the gate that its headers ask for. `adapt` has the last word.
pub(crate) fn failed(said: &Said, who: &str, adapt: impl Fn(Outcome) -> Outcome) -> Answer {
    gate::with(adapt(outcome(said, who)), usage(said))
}

/// The gate that usage headers ask for: they are shares of a limit, in percent.
pub(crate) fn usage(said: &Said) -> Option<Gate> {
    let header = |name: &str| said.header(name).and_then(|text| serde_json::from_str(text).ok());
    let full = |usage: &Value| {
        ["call_count", "total_time", "total_cputime"]
            .iter()
            .any(|share| usage[share].as_u64().is_some_and(|percent| percent > NEARLY))
    };
    if header("x-app-usage").is_some_and(|usage: Value| full(&usage)) {
        return gate::app(PAUSE_S);
    }
    let page = header("x-page-usage").is_some_and(|usage: Value| full(&usage));
    let business = cases(said).iter().any(full);
    (page || business).then(|| regain_s(said).unwrap_or(PAUSE_S)).and_then(gate::account)
}

/// The entries of `X-Business-Use-Case-Usage`.
fn cases(said: &Said) -> Vec<Value> {
    let header = said.header("x-business-use-case-usage");
    let body: Value = header.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let lists = body.as_object().into_iter().flat_map(|map| map.values());
    lists.filter_map(Value::as_array).flatten().cloned().collect()
}

/// Seconds until access comes back, if the platform says so; it says it in minutes.
fn regain_s(said: &Said) -> Option<u64> {
    let minutes = cases(said)
        .iter()
        .filter_map(|case| case["estimated_time_to_regain_access"].as_u64())
        .max()
        .filter(|minutes| *minutes > 0);
    minutes.map(|minutes| minutes * 60).or(said.retry_after_s)
}

/// A call that nobody sees. Its answer's id, or what else it came to.
pub(crate) async fn make(
    http: &Http,
    who: &str,
    ask: Ask,
    request: &Request<'_>,
) -> Result<String, Answer> {
    let said = ask.bearer(request.secret).send(http, request.at_s).await;
    let said = said.map_err(|missed| Answer::from(harmless(missed.into())))?;
    match said.json()["id"].as_str() {
        Some(id) if said.ok() => Ok(id.to_owned()),
        _ if said.ok() => Err(harmless(no_id(who)).into()),
        _ => Err(failed(&said, who, harmless)),
    }
}

/// Where a container is: what is uploaded and checked, and not published yet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Container {
    Waiting,
    Finished,
    Published,
    /// It was not published in its time, and can never be.
    Expired,
    /// There is no such container; there may have been.
    Gone,
    /// It can never be published; why, if that is said.
    Lost(String),
}

/// Looks at a container; `field` is the name of its status, `status_code` or `status`.
pub(crate) async fn container(
    http: &Http,
    who: &str,
    url: String,
    field: &str,
    request: &Request<'_>,
) -> Result<Container, Answer> {
    let fields =
        format!("id,{field},{}", if field == "status" { "error_message" } else { "status" });
    let ask = Ask::get(url).query("fields", &fields).bearer(request.secret);
    let said = ask.send(http, request.at_s).await;
    let said = said.map_err(|missed| Answer::from(harmless(missed.into())))?;
    let body = said.json();
    if !said.ok() {
        let error = &body["error"];
        return match (error["code"].as_i64(), error["error_subcode"].as_i64()) {
            // "Object does not exist", "media builder does not exist or has been expired".
            (Some(100), Some(33)) | (Some(24), Some(2_207_006 | 2_207_008)) => Ok(Container::Gone),
            _ => Err(failed(&said, who, harmless)),
        };
    }
    Ok(match body[field].as_str().unwrap_or_default() {
        "FINISHED" => Container::Finished,
        "PUBLISHED" => Container::Published,
        "EXPIRED" => Container::Expired,
        "ERROR" => {
            let words = [&body["error_message"], &body["status"]];
            Container::Lost(words.iter().find_map(|it| it.as_str()).unwrap_or_default().to_owned())
        }
        _ => Container::Waiting,
    })
}

/// What follows for preparing.
pub(crate) fn prepared(who: &str, state: String, found: Container) -> Prepared {
    match found {
        // One that is made anew is looked at again first.
        Container::Waiting | Container::Expired | Container::Gone => {
            Prepared::Processing { state, retry_after_s: Some(LOOK_AGAIN_S) }
        }
        // A published one is found by reading back; publishing it again would be refused.
        Container::Finished | Container::Published => Prepared::Ready(Some(state)),
        Container::Lost(words) => {
            let message = format!("{who} did not accept the picture or text: {words}");
            Prepared::Failed(refused(ErrorClass::Media, message, None).into())
        }
    }
}

/// What a container and the account's list say together. Only a published container is a post, and its id stands in
/// the list alone.
pub(crate) fn reconciled(found: Result<Container, Answer>, list: ReadBack) -> ReadBack {
    match (found, list) {
        (Ok(Container::Published), ReadBack::Found(remotes)) => ReadBack::Found(remotes),
        (Ok(Container::Published), _) => ReadBack::Unreadable {
            message: "It is published, and not in the account's list yet.".into(),
        },
        // A container lives for a day; then the list alone tells.
        (Ok(Container::Gone) | Err(_), list) => list,
        (Ok(_), _) => ReadBack::NotThere,
    }
}

/// An account's latest posts, from a list of the Graph API.
pub(crate) async fn list(
    http: &Http,
    who: &str,
    ask: Ask,
    text_field: &str,
    request: &Request<'_>,
) -> ReadBack {
    let said = ask.bearer(request.secret).send(http, request.at_s).await;
    match read::read(who, said) {
        Ok(said) => {
            let body = said.json();
            let posts = body["data"].as_array().cloned().unwrap_or_default();
            let seen = posts.iter().filter_map(|post| seen(post, text_field));
            read::matching(seen, &Text::of(request.payload), request.since_s)
        }
        Err(unreadable) => unreadable,
    }
}

fn seen(post: &Value, text_field: &str) -> Option<Seen> {
    let text = |field: &str| post[field].as_str().map(str::to_owned);
    let at = text("created_time").or_else(|| text("timestamp"));
    Some(Seen {
        id: text("id")?,
        url: text("permalink_url").or_else(|| text("permalink")),
        text: text(text_field).unwrap_or_default(),
        at_s: at.as_deref().and_then(read::time_s),
    })
}

/// The post's address, asked for after it is published: what goes wrong here is no failure.
pub(crate) async fn permalink(http: &Http, url: String, request: &Request<'_>) -> Option<String> {
    let ask = Ask::get(url).query("fields", "permalink").bearer(request.secret);
    let said = ask.send(http, request.at_s).await.ok().filter(Said::ok)?;
    said.json()["permalink"].as_str().map(str::to_owned)
}

/// A long-lived token for an older one of the same kind, which must be a day old at least.
pub(crate) async fn refresh(
    http: &Http,
    who: &str,
    url: String,
    grant: &str,
    old: &Credentials,
    now: Timestamp,
) -> Refreshed {
    let Credentials::Tokens { access, expires_at: Some(_), .. } = old else {
        return Refreshed::NotOffered;
    };
    let ask = Ask::get(url).query("grant_type", grant).query("access_token", access.reveal());
    oauth::refresh(http, who, ask, now).await
}

/// A long-lived token for one that was just given, by an exchange of its own.
pub(crate) async fn long_lived(
    http: &Http,
    who: &str,
    ask: Ask,
    now: Timestamp,
) -> Result<Credentials, OAuthRefusal> {
    let said = oauth::tell(http, who, ask, now).await?;
    oauth::granted(&said, now).ok_or_else(|| oauth::not_granted(who, &said))
}

/// A field that is an id: some answers have it as a number, some as a text.
pub(crate) fn id_of(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned).or_else(|| value.as_u64().map(|number| number.to_string()))
}

#[cfg(test)]
mod tests {
    use posts::Remote;

    use super::*;

    #[test]
    fn the_proof_is_an_hmac_in_hexadecimal() {
        // RFC 4231, test case 2.
        let proof = proof(&Secret::new("Jefe"), &Secret::new("what do ya want for nothing?"));
        assert_eq!(proof, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn a_container_and_the_list_decide_together() {
        let there = || ReadBack::Found(vec![Remote { id: "1".into(), url: None }]);
        let lost = || Err(Answer::from(limited("P", None)));
        assert_eq!(reconciled(Ok(Container::Published), there()), there());
        assert!(matches!(
            reconciled(Ok(Container::Published), ReadBack::NotThere),
            ReadBack::Unreadable { .. }
        ));
        // The same words stood there before.
        assert_eq!(reconciled(Ok(Container::Finished), there()), ReadBack::NotThere);
        assert_eq!(reconciled(lost(), there()), there());
        assert_eq!(reconciled(Ok(Container::Gone), there()), there());
        // What expired was never published.
        assert_eq!(reconciled(Ok(Container::Expired), there()), ReadBack::NotThere);
    }

    fn told(code: i64, subcode: i64, transient: bool) -> Outcome {
        let body = serde_json::json!({ "error": {
            "message": "words", "code": code, "error_subcode": subcode, "is_transient": transient,
        } });
        outcome(&Said::of(400, &[], &body.to_string()), "P")
    }

    #[test]
    fn codes_have_their_classes() {
        use ErrorClass::{Auth, Duplicate, Forbidden, Invalid};
        for (code, class) in [
            (190, Auth),
            (102, Auth),
            (10, Forbidden),
            (200, Forbidden),
            (368, Forbidden),
            (506, Duplicate),
            (100, Invalid),
        ] {
            let outcome = told(code, 0, false);
            assert!(
                matches!(outcome, Outcome::Refused { class: got, .. } if got == class),
                "{code}: {outcome:?}"
            );
        }
        for (code, subcode) in [(4, 0), (17, 0), (32, 0), (613, 0), (80_001, 0), (9, 2_207_042)] {
            assert!(matches!(told(code, subcode, false), Outcome::RateLimited { .. }), "{code}");
        }
        // The post was there in each of these.
        for (code, subcode, transient) in
            [(1, 0, false), (2, 0, false), (4, 2_207_051, false), (100, 0, true)]
        {
            assert!(matches!(told(code, subcode, transient), Outcome::Unknown { .. }), "{code}");
        }
        for (code, subcode) in [
            (9_007, 2_207_027),
            (4_279_009, 0),
            (24, 4_279_009),
            (9_004, 2_207_052),
            (-2, 2_207_003),
            (-2, 2_207_020),
            (24, 2_207_008),
        ] {
            assert!(matches!(told(code, subcode, false), Outcome::NotSent { .. }), "{code}");
        }
    }

    #[test]
    fn usage_above_ninety_percent_closes_a_gate() {
        let of = |name, value: &str| usage(&Said::of(200, &[(name, value)], "{}"));
        let share =
            |percent| format!(r#"{{"call_count":1,"total_time":{percent},"total_cputime":2}}"#);
        let case = |minutes| {
            format!(
                r#"{{"17":[{{"type":"pages","call_count":95,"estimated_time_to_regain_access":{minutes}}}]}}"#
            )
        };
        assert_eq!(of("x-app-usage", &share(90)), None);
        assert_eq!(of("x-app-usage", &share(91)), gate::app(PAUSE_S));
        assert_eq!(of("x-page-usage", &share(91)), gate::account(PAUSE_S));
        assert_eq!(of("x-business-use-case-usage", &case(0)), gate::account(PAUSE_S));
        assert_eq!(of("x-business-use-case-usage", &case(7)), gate::account(420));
        assert_eq!(of("x-app-usage", "full"), None);
    }
}
