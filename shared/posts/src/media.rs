//! Pictures of posts: what a person names, and what is known of our copy.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{FieldError, Picture, Timestamp, limits};

/// A week in milliseconds: copies are stored by the week in which they were made.
const WEEK_MS: i64 = 7 * 24 * 3_600_000;
/// Hexadecimal digits of a SHA-256.
const HASH_DIGITS: usize = 64;

/// The types of pictures that are taken, with what their copies' names end with.
pub const PICTURE_TYPES: [(&str, &str); 4] =
    [("image/jpeg", "jpg"), ("image/png", "png"), ("image/gif", "gif"), ("image/webp", "webp")];

/// A picture that a post is to have.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMedium {
    /// Where it is: an `https` address. It is fetched once, now; what is there later does not matter.
    pub url: String,
    /// What it shows, in words, at most 1,000 characters.
    #[serde(default)]
    pub alt: String,
}

/// A picture of a post, with the name of our copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Medium {
    /// What our copy is called.
    pub key: MediaKey,
    /// Where it was fetched.
    pub url: String,
    /// What is known of it.
    #[serde(flatten)]
    pub picture: Picture,
}

/// What our copy of a picture is called: the week it was made in, the SHA-256 of its bytes, and its type.
///
/// The same picture attached again in the same week is the same copy. Nothing is ever added to a week that is over, so
/// whoever looks for copies that nothing needs races with nobody.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = "2968/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08.jpg")]
pub struct MediaKey(String);

/// A text that names no copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this names no picture")]
pub struct BadMediaKey;

impl MediaKey {
    /// The name of a copy made at `now`; `hash` is the SHA-256 of its bytes in hexadecimal. Nothing if it is none, or
    /// pictures of this type are not taken.
    pub fn new(now: Timestamp, hash: &str, mime: &str) -> Option<Self> {
        let (_, ending) = PICTURE_TYPES.iter().find(|(known, _)| *known == mime)?;
        Self::parse(format!("{}/{hash}.{ending}", week(now))).ok()
    }

    /// Reads a name that comes from outside. Fails if no copy can have it.
    pub fn parse(text: impl Into<String>) -> Result<Self, BadMediaKey> {
        let text = text.into();
        let (week, file) = text.split_once('/').ok_or(BadMediaKey)?;
        let (hash, ending) = file.split_once('.').ok_or(BadMediaKey)?;
        let number = (1..=6).contains(&week.len()) && week.bytes().all(|b| b.is_ascii_digit());
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        let known = PICTURE_TYPES.iter().any(|(_, it)| *it == ending);
        let good = number && known && hash.len() == HASH_DIGITS && hash.bytes().all(hex);
        if good { Ok(Self(text)) } else { Err(BadMediaKey) }
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The SHA-256 of the picture's bytes, in hexadecimal.
    pub fn hash(&self) -> &str {
        let file = self.0.split_once('/').map_or("", |(_, file)| file);
        file.split_once('.').map_or(file, |(hash, _)| hash)
    }

    /// The type of the picture.
    pub fn mime(&self) -> &'static str {
        let ending = self.0.rsplit('.').next().unwrap_or_default();
        PICTURE_TYPES.iter().find(|(_, it)| *it == ending).map_or("", |(mime, _)| mime)
    }
}

impl TryFrom<String> for MediaKey {
    type Error = BadMediaKey;

    fn try_from(text: String) -> Result<Self, BadMediaKey> {
        Self::parse(text)
    }
}

impl From<MediaKey> for String {
    fn from(key: MediaKey) -> Self {
        key.0
    }
}

impl fmt::Display for MediaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for MediaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MediaKey({:?})", self.0)
    }
}

/// The week of a time, counted from 1970.
fn week(at: Timestamp) -> i64 {
    at.ms().div_euclid(WEEK_MS)
}

/// Whether copies of a week may be looked through at `now`: the week before this one may still be in use by whoever
/// began to attach a picture in its last second.
pub fn week_is_over(name: &str, now: Timestamp) -> bool {
    name.parse::<i64>().is_ok_and(|it| it + 1 < week(now))
}

/// Checks the pictures that a person names, as far as that goes without fetching them.
pub(crate) fn check(media: &[NewMedium], errors: &mut Vec<FieldError>) {
    if media.len() > limits::MEDIA {
        let message = format!("A post has at most {} pictures. Remove some.", limits::MEDIA);
        errors.push(FieldError::new("media", "too_many", message));
        return;
    }
    for (at, it) in media.iter().enumerate() {
        if it.url.is_empty() || it.url.len() > limits::URL_BYTES {
            let message = format!("Give an address of at most {} bytes.", limits::URL_BYTES);
            errors.push(FieldError::new(format!("media[{at}].url"), "length", message));
        }
        let chars = it.alt.chars().count();
        if chars > limits::ALT_CHARS {
            let message = format!(
                "The description has {chars} characters. Shorten it to {} or fewer.",
                limits::ALT_CHARS
            );
            errors.push(FieldError::new(format!("media[{at}].alt"), "too_long", message));
        }
    }
}

/// Everything that is wrong with the pictures that a person names, as far as that can be told without fetching them.
pub fn check_media(media: &[NewMedium]) -> Result<(), Vec<FieldError>> {
    let mut errors = Vec::new();
    check(media, &mut errors);
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// The pictures that `asked` names, found by their addresses among those that were just `fetched` and those that the
/// post had before. Nothing if one is in neither: the post changed meanwhile.
pub fn resolve_media(
    asked: &[NewMedium],
    fetched: &[Medium],
    before: &[Medium],
) -> Option<Vec<Medium>> {
    let find = |it: &NewMedium| {
        let found = fetched.iter().chain(before).find(|known| known.url == it.url)?;
        let picture = Picture { alt: it.alt.clone(), ..found.picture.clone() };
        Some(Medium { picture, ..found.clone() })
    };
    asked.iter().map(find).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    #[test]
    fn a_key_says_week_content_and_type() {
        let now = Timestamp::from_ms(2968 * WEEK_MS + 5);
        let key = MediaKey::new(now, HASH, "image/webp").unwrap();
        assert_eq!(key.as_str(), format!("2968/{HASH}.webp"));
        assert_eq!((key.hash(), key.mime()), (HASH, "image/webp"));
        assert_eq!(MediaKey::new(now, HASH, "image/svg+xml"), None);
        assert_eq!(MediaKey::new(now, "abc", "image/png"), None);
    }

    #[test]
    fn what_names_no_copy_is_refused() {
        for bad in [
            String::new(),
            format!("{HASH}.jpg"),
            format!("../{HASH}.jpg"),
            format!("1/../{HASH}.jpg"),
            format!("1/{HASH}"),
            format!("1/{HASH}.svg"),
            format!("1/{}.jpg", HASH.to_uppercase()),
            format!("1/{HASH}.jpg/"),
            format!("-1/{HASH}.jpg"),
            format!("1/{}.jpg", &HASH[1..]),
        ] {
            assert_eq!(MediaKey::parse(bad.as_str()), Err(BadMediaKey), "{bad}");
        }
    }

    #[test]
    fn a_week_is_over_when_a_whole_one_has_passed_since() {
        let now = Timestamp::from_ms(2968 * WEEK_MS);
        for (name, over) in
            [("2969", false), ("2968", false), ("2967", false), ("2966", true), ("x", false)]
        {
            assert_eq!(week_is_over(name, now), over, "{name}");
        }
    }

    #[test]
    fn pictures_are_found_by_address_and_described_anew() {
        let known = |url: &str| Medium {
            key: MediaKey::parse(format!("1/{HASH}.png")).unwrap(),
            url: url.into(),
            picture: Picture {
                mime: "image/png".into(),
                bytes: 1,
                width: 1,
                height: 1,
                alt: "old".into(),
            },
        };
        let ask = |url: &str| NewMedium { url: url.into(), alt: "new".into() };
        let found =
            resolve_media(&[ask("b"), ask("a")], &[known("a")], &[known("b"), known("c")]).unwrap();
        let shown: Vec<_> =
            found.iter().map(|it| (it.url.as_str(), it.picture.alt.as_str())).collect();
        assert_eq!(shown, [("b", "new"), ("a", "new")]);
        assert_eq!(resolve_media(&[ask("d")], &[], &[known("a")]), None);
    }
}
