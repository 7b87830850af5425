//! How X counts (twitter-text, configuration version 3). Pure.

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use crate::text;

/// What a link counts, whatever its length.
const LINK: usize = 23;
/// What a picture of an emoji counts, however many code points it has.
const EMOJI: usize = 2;

/// The weighted length of a text.
pub(super) fn of(text: &str) -> usize {
    let text: String = text.nfc().collect();
    let mut rest = text.as_str();
    let mut weight = 0;
    for link in text::links(&text) {
        let start = link.at.start - (text.len() - rest.len());
        weight += without_links(&rest[..start]) + LINK;
        rest = &rest[start + link.text.len()..];
    }
    weight + without_links(rest)
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
            ("a https://a.example/a/very/long/path/that/goes/on. b https://b.example", 52),
        ];
        for (text, expected) in table {
            assert_eq!(of(text), expected, "{text}");
        }
        assert_eq!(of(&"漢".repeat(140)), 280);
    }
}
