//! The record of a post (lexicon `app.bsky.feed.post`). Pure.

use posts::{Picture, Request, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::POSTS;
use crate::text::{self, Found};

/// Longest tag in graphemes (lexicon `app.bsky.richtext.facet#tag`).
const TAG_GRAPHEMES: usize = 64;
/// The digits of record keys, in their order (AT protocol, "TID").
const DIGITS: &[u8; 32] = b"234567abcdefghijklmnopqrstuvwxyz";

/// What is frozen: all that follows from the post alone.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Payload {
    text: String,
    created_at_ms: i64,
    facets: Vec<Value>,
    pub(super) mentions: Vec<Mention>,
    /// The first link, shown as a card when there are no pictures.
    card: Option<String>,
}

/// Someone named in the text.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Mention {
    pub(super) handle: String,
    start: usize,
    end: usize,
}

/// What the server was asked for before the record is put.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) rkey: String,
    pub(super) mentions: Vec<Value>,
    pub(super) images: Vec<Value>,
}

impl Payload {
    pub(super) fn new(text: &str, at: Timestamp) -> Self {
        let links = text::links(text);
        let card = links.first().map(|link| link.text.to_owned());
        let link = |it: Found<'_>| {
            facet(
                it.at.start,
                it.at.end,
                &json!({ "$type": "app.bsky.richtext.facet#link", "uri": it.text }),
            )
        };
        let tag = |it: Found<'_>| {
            let feature = json!({ "$type": "app.bsky.richtext.facet#tag", "tag": &it.text[1..] });
            facet(it.at.start, it.at.end, &feature)
        };
        let short = |it: &Found<'_>| text::graphemes(&it.text[1..]) <= TAG_GRAPHEMES;
        let tags = text::tags(text).into_iter().filter(short).map(tag);
        let facets = links.into_iter().map(link).chain(tags).collect();
        let mentions = text::mentions(text).into_iter().filter_map(Mention::of).collect();
        Self { text: text.to_owned(), created_at_ms: at.ms(), facets, mentions, card }
    }

    pub(super) fn read(payload: &str) -> Self {
        serde_json::from_str(payload).unwrap_or_default()
    }
}

impl Mention {
    /// A handle is a domain name; `@bob` alone names nobody here.
    fn of(found: Found<'_>) -> Option<Self> {
        let handle = found.text.trim_start_matches('@');
        let domain = handle.contains('.') && !handle.contains(['@', '_']);
        domain.then(|| Self {
            handle: handle.to_ascii_lowercase(),
            start: found.at.start,
            end: found.at.end,
        })
    }

    pub(super) fn facet(&self, did: &str) -> Value {
        facet(
            self.start,
            self.end,
            &json!({ "$type": "app.bsky.richtext.facet#mention", "did": did }),
        )
    }
}

impl State {
    pub(super) fn new(payload: &Payload, idem_key: &str) -> Self {
        Self { rkey: tid(payload.created_at_ms, idem_key), ..Self::default() }
    }

    /// What was prepared; the key follows from what is frozen even if nothing was.
    pub(super) fn read(request: &Request<'_>, payload: &Payload) -> Self {
        let kept = request.prepared.and_then(|state| serde_json::from_str(state).ok());
        kept.unwrap_or_else(|| Self::new(payload, request.idem_key))
    }
}

/// The whole record: the same for every attempt.
pub(super) fn whole(payload: Payload, state: &State) -> Value {
    let created = Timestamp::from_ms(payload.created_at_ms);
    let mut record = json!({ "$type": POSTS, "text": payload.text, "createdAt": created });
    let facets: Vec<_> = payload.facets.into_iter().chain(state.mentions.clone()).collect();
    if !facets.is_empty() {
        record["facets"] = facets.into();
    }
    if !state.images.is_empty() {
        record["embed"] = json!({ "$type": "app.bsky.embed.images", "images": state.images });
    } else if let Some(uri) = payload.card {
        let title = uri.split_once("://").map_or(uri.as_str(), |(_, rest)| rest);
        let external = json!({ "uri": uri, "title": title, "description": "" });
        record["embed"] = json!({ "$type": "app.bsky.embed.external", "external": external });
    }
    record
}

pub(super) fn image(picture: &Picture, blob: &Value) -> Value {
    json!({
        "alt": picture.alt, "image": blob,
        "aspectRatio": { "width": picture.width, "height": picture.height },
    })
}

/// Facets count bytes of UTF-8, not characters.
fn facet(start: usize, end: usize, feature: &Value) -> Value {
    json!({ "index": { "byteStart": start, "byteEnd": end }, "features": [feature] })
}

/// A record key: 53 bits of microseconds, 10 bits of clock id, in 13 digits. What is finer than a millisecond follows from
/// the delivery's key, so the same delivery has the same key for ever.
fn tid(at_ms: i64, idem_key: &str) -> String {
    let hash = Sha256::digest(idem_key);
    let [a, b, c, d] = [hash[0], hash[1], hash[2], hash[3]].map(u64::from);
    let micros = u64::try_from(at_ms).unwrap_or(0) * 1000 + ((a << 8) | b) % 1000;
    let bits = ((micros & ((1 << 53) - 1)) << 10) | (((c << 8) | d) % 1024);
    let digit = |at: u32| char::from(DIGITS[usize::from((bits >> (at * 5)) as u8 & 31)]);
    (0..13).rev().map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::from_ms(1_795_161_603_412);

    #[test]
    fn facets_count_bytes() {
        let payload = Payload::new("ü #tag https://a.example/x @ann.example @bob", AT);
        let at = |value: &Value| {
            (value["index"]["byteStart"].clone(), value["index"]["byteEnd"].clone())
        };
        assert_eq!(at(&payload.facets[0]), (8.into(), 27.into()));
        assert_eq!(at(&payload.facets[1]), (3.into(), 7.into()));
        assert_eq!(payload.facets[1]["features"][0]["tag"], "tag");
        let handles: Vec<_> = payload.mentions.iter().map(|it| it.handle.as_str()).collect();
        assert_eq!(handles, ["ann.example"]);
        assert_eq!(at(&payload.mentions[0].facet("did:plc:a")), (28.into(), 40.into()));
    }

    #[test]
    fn a_link_becomes_a_card_unless_there_are_pictures() {
        let payload = || Payload::new("see https://a.example/x", AT);
        let mut state = State::new(&payload(), "key");
        let record = whole(payload(), &state);
        assert_eq!(record["embed"]["external"]["title"], "a.example/x");
        assert_eq!(record["createdAt"], "2026-11-20T08:00:03.412Z");
        state.images.push(json!({}));
        assert_eq!(whole(payload(), &state)["embed"]["$type"], "app.bsky.embed.images");
    }

    #[test]
    fn keys_are_valid_sorted_by_time_and_constant() {
        let key = tid(AT.ms(), "a");
        assert_eq!(key, tid(AT.ms(), "a"));
        assert_ne!(key, tid(AT.ms(), "b"));
        assert!(key < tid(AT.ms() + 1, "a"));
        assert!(key.len() == 13 && key.bytes().all(|b| DIGITS.contains(&b)), "{key}");
        assert!(matches!(key.as_bytes()[0], b'2'..=b'7' | b'a'..=b'j'));
    }
}
