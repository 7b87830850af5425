//! What a server of Mastodon takes, by its own word (`GET /api/v2/instance`), and how it counts. Pure.

use posts::{FieldError, Picture, ServerLimits, limits};
use serde_json::Value;
use url::Url;

use crate::{media, text};

/// What a link counts where a server does not say (`characters_reserved_per_url`).
const LINK_CHARACTERS: usize = 23;
/// Most pictures of a post where a server does not say (`max_media_attachments`).
const IMAGES: usize = 4;
/// Largest picture in bytes where a server does not say (`image_size_limit`, the default of 16 MiB).
const IMAGE_BYTES: u64 = 16 * 1024 * 1024;
/// Longest name of a server that is kept, in characters. Source: DNS, 253.
const NAME_CHARS: usize = 253;

/// What servers take that do not say.
pub(super) fn usual(text_chars: usize) -> ServerLimits {
    ServerLimits {
        server: super::WHO.to_owned(),
        text_chars,
        link_chars: LINK_CHARACTERS,
        pictures: IMAGES,
        picture_bytes: IMAGE_BYTES,
        picture_pixels: limits::PICTURE_PIXELS,
        picture_types: media::TYPES.map(str::to_owned).into(),
    }
}

/// What people call a server: its host.
pub(super) fn name(url: &str) -> String {
    let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    host.map_or_else(|| super::WHO.to_owned(), |host| host.chars().take(NAME_CHARS).collect())
}

/// What a server says that it takes. Whatever it leaves out, or says in numbers that mean nothing, is as usual, and nothing
/// goes beyond our own limits. Nothing if it does not answer as a server of this API.
pub(super) fn takes(instance: &Value, usual: ServerLimits) -> Option<ServerLimits> {
    let configuration = instance["configuration"].as_object()?;
    let said = |part: &str, name: &str| configuration.get(part)?.get(name)?.as_u64();
    let sensible = |part, name| said(part, name).filter(|value| *value > 0);
    let whole = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);

    let text_chars = sensible("statuses", "max_characters");
    let text_chars = text_chars.map_or(usual.text_chars, whole).min(limits::TEXT_CHARS);
    let link_chars = sensible("statuses", "characters_reserved_per_url").map(whole);
    // With a link that is longer than a post nobody could write one.
    let link_chars = link_chars.filter(|chars| *chars <= text_chars).unwrap_or(usual.link_chars);
    let pictures = said("statuses", "max_media_attachments").map_or(usual.pictures, whole);
    let bytes = sensible("media_attachments", "image_size_limit").unwrap_or(usual.picture_bytes);
    let pixels = sensible("media_attachments", "image_matrix_limit");
    let types = configuration.get("media_attachments").and_then(|it| types(it, &usual));
    // One that takes no type of picture that there is takes no pictures.
    let none = types.as_ref().is_some_and(Vec::is_empty);
    Some(ServerLimits {
        text_chars,
        link_chars,
        pictures: if none { 0 } else { pictures.min(limits::MEDIA) },
        picture_bytes: bytes.min(limits::PICTURE_BYTES as u64),
        picture_pixels: pixels.unwrap_or(usual.picture_pixels).min(limits::PICTURE_PIXELS),
        picture_types: types.filter(|it| !it.is_empty()).unwrap_or(usual.picture_types),
        server: usual.server,
    })
}

/// The types that a server names, of those there are; nothing if it names none at all.
fn types(media: &Value, usual: &ServerLimits) -> Option<Vec<String>> {
    let named = media["supported_mime_types"].as_array().filter(|it| !it.is_empty())?;
    let known = usual.picture_types.iter().filter(|it| named.iter().any(|name| *name == **it));
    Some(known.cloned().collect())
}

/// What is wrong with a text on a server.
pub(super) fn check_text(server: &ServerLimits, text: &str) -> Option<FieldError> {
    let (length, most) = (length(text, server.link_chars), server.text_chars);
    let message =
        format!("{} takes {most} characters; this has {length}. Shorten it.", server.server);
    (length > most).then(|| FieldError::new("text", "too_long", message))
}

/// What is wrong with pictures on a server.
pub(super) fn check_media(server: &ServerLimits, pictures: &[Picture]) -> Vec<FieldError> {
    let types: Vec<&str> = server.picture_types.iter().map(String::as_str).collect();
    let limits = media::Limits {
        who: &server.server,
        most: server.pictures,
        bytes: server.picture_bytes,
        pixels: server.picture_pixels,
        types: &types,
        ..media::ANY
    };
    limits.check(pictures)
}

/// Characters as Mastodon counts them: a link as many as it says, the server of a mention nothing.
fn length(text: &str, link: usize) -> usize {
    let links = text::links(text).into_iter().map(|it| (it.text, link, 0));
    let servers = text::mentions(text).into_iter().filter_map(|it| {
        let (_, server) = it.text[1..].split_once('@')?;
        // A server goes together with the `@` before it.
        Some((server, 0, 1))
    });
    let all = text::graphemes(text);
    links
        .chain(servers)
        .fold(all, |length, (part, counts, at)| length + counts - text::graphemes(part) - at)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn links_and_servers_count_as_mastodon_does() {
        let table = [
            ("abc", 3),
            ("👨‍👩‍👧‍👦é", 2),
            ("a https://a.example/a/very/long/path/that/goes/on b", 27),
            ("@ann@social.example hi", 7),
            ("@ann hi", 7),
        ];
        for (text, expected) in table {
            assert_eq!(length(text, LINK_CHARACTERS), expected, "{text}");
        }
        assert_eq!(length("a https://a.example b", 30), 34);
    }

    fn read(instance: Value) -> Option<ServerLimits> {
        takes(&instance, ServerLimits { server: name("https://social.example/"), ..usual(500) })
    }

    #[test]
    fn what_a_server_says_counts() {
        // What matters of the answer of a Mastodon 4.3 (Mastodon API, "V2::Instance").
        let whole = json!({ "domain": "social.example", "version": "4.3.0", "configuration": {
            "statuses": {
                "max_characters": 1000, "max_media_attachments": 6, "characters_reserved_per_url": 30,
            },
            "media_attachments": {
                "supported_mime_types": ["image/jpeg", "image/png", "image/heic", "video/mp4"],
                "description_limit": 1500, "image_size_limit": 8_388_608, "image_matrix_limit": 33_177_600,
            },
        } });
        let expected = ServerLimits {
            server: "social.example".into(),
            text_chars: 1000,
            link_chars: 30,
            pictures: 6,
            picture_bytes: 8_388_608,
            picture_pixels: 33_177_600,
            picture_types: vec!["image/jpeg".into(), "image/png".into()],
        };
        assert_eq!(read(whole), Some(expected));
        for no_server in [json!(null), json!([]), json!({}), json!({ "configuration": 7 })] {
            assert_eq!(read(no_server.clone()), None, "{no_server}");
        }
    }

    #[test]
    fn what_a_server_leaves_out_or_exaggerates_is_bounded() {
        let nothing = read(json!({ "configuration": {} })).unwrap();
        let numbers = |it: &ServerLimits| (it.text_chars, it.link_chars, it.pictures);
        assert_eq!(numbers(&nothing), (500, 23, 4));
        assert_eq!(nothing.picture_bytes, limits::PICTURE_BYTES as u64);
        let all = |value: Value| {
            read(json!({ "configuration": {
                "statuses": { "max_characters": value, "characters_reserved_per_url": value },
                "media_attachments": { "image_size_limit": value, "image_matrix_limit": value,
                    "supported_mime_types": value },
            } }))
        };
        for odd in [json!(0), json!(-1), json!(1.5), json!("many"), json!(null), json!([])] {
            assert_eq!(all(odd.clone()), Some(nothing.clone()), "{odd}");
        }
        let huge = all(json!(u64::MAX)).unwrap();
        assert_eq!(numbers(&huge), (limits::TEXT_CHARS, 23, 4));
        assert_eq!(huge.picture_bytes, limits::PICTURE_BYTES as u64);
        let many =
            json!({ "configuration": { "statuses": { "max_media_attachments": u64::MAX } } });
        assert_eq!(read(many).unwrap().pictures, limits::MEDIA);
    }

    #[test]
    fn a_server_may_take_no_pictures() {
        let none = [
            json!({ "statuses": { "max_media_attachments": 0 } }),
            json!({ "media_attachments": { "supported_mime_types": ["video/mp4"] } }),
        ];
        let mime = "image/png".to_owned();
        let picture = Picture { mime, bytes: 1, width: 1, height: 1, alt: String::new() };
        for configuration in none {
            let server = read(json!({ "configuration": configuration })).unwrap();
            let errors = check_media(&server, std::slice::from_ref(&picture));
            let message = "social.example takes at most 0 pictures. Remove some.";
            assert_eq!(errors, [FieldError::new("media", "too_many", message)]);
        }
    }
}
