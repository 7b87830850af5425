//! How X counts (twitter-text, configuration version 3). Pure.

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use crate::text::{self, Found};

/// What a link counts, whatever its length.
const LINK: usize = 23;
/// What a picture of an emoji counts, however many code points it has.
const EMOJI: usize = 2;

/// Endings of names that are links without `https://` too. X knows all that there are; these are the usual ones, and a
/// text with another is judged shorter than it is: X then refuses it.
const ENDINGS: [&str; 24] = [
    "ai", "app", "at", "biz", "ca", "ch", "cloud", "co", "com", "de", "dev", "edu", "eu", "fr",
    "gov", "info", "io", "it", "me", "net", "nl", "org", "uk", "us",
];

/// The weighted length of a text.
pub(super) fn of(text: &str) -> usize {
    let text: String = text.nfc().collect();
    let mut links = text::links(&text);
    links.extend(text::words(&text).filter_map(bare));
    links.sort_by_key(|link| link.at.start);
    let (mut weight, mut done) = (0, 0);
    for link in links {
        // A link inside another counts with it.
        if link.at.start < done {
            continue;
        }
        weight += without_links(&text[done..link.at.start]) + LINK;
        done = link.at.end;
    }
    weight + without_links(&text[done..])
}

/// A word that is a name such as `example.com/path`.
fn bare(word: Found<'_>) -> Option<Found<'_>> {
    let skipped = word.text.len() - word.text.trim_start_matches(['(', '"', '\'', '“', '«']).len();
    let link = text::trimmed(&word.text[skipped..]);
    let name = link.split(['/', '?', '#']).next()?;
    let label =
        |it: &str| !it.is_empty() && it.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let (labels, ending) = name.rsplit_once('.')?;
    let known = ENDINGS.contains(&ending.to_ascii_lowercase().as_str());
    let start = word.at.start + skipped;
    (known && labels.split('.').all(label))
        .then(|| Found { at: start..start + link.len(), text: link })
}

fn without_links(text: &str) -> usize {
    let grapheme = |it: &str| {
        if text::is_emoji(it) { EMOJI } else { it.chars().map(code_point).sum() }
    };
    text.graphemes(true).map(grapheme).sum()
}

fn code_point(c: char) -> usize {
    match u32::from(c) {
        0..=4351 | 8192..=8205 | 8208..=8223 | 8242..=8247 => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights() {
        let table = [
            ("", 0),
            ("abc", 3),
            ("cafe\u{301}", 4),
            ("漢字", 4),
            ("“a”", 3),
            ("€", 2),
            ("👨‍👩‍👧‍👦👍🏽🇩🇪", 6),
            ("see example.com, (a.b.co/long/path?with=more#things) or no.such", 65),
            ("a.com/https://b.com/c", 23),
            ("mail ann@example.com v1.2 a.b", 29),
            ("a https://a.example/a/very/long/path/that/goes/on. b https://b.example", 52),
        ];
        for (text, expected) in table {
            assert_eq!(of(text), expected, "{text}");
        }
        assert_eq!(of(&"漢".repeat(140)), 280);
    }
}
