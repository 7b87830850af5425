//! How platforms count and read a text. Pure.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;
use url::Url;

/// What people see as one character each (UAX #29).
pub(crate) fn graphemes(text: &str) -> usize {
    text.graphemes(true).count()
}

/// Code units of UTF-16.
pub(crate) fn utf16(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Something found in a text, by bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found<'a> {
    pub(crate) at: Range<usize>,
    pub(crate) text: &'a str,
}

/// Words: runs without white space, where they stand.
pub(crate) fn words(text: &str) -> impl Iterator<Item = Found<'_>> {
    text.split_whitespace().map(move |word| {
        let start = word.as_ptr() as usize - text.as_ptr() as usize;
        Found { at: start..start + word.len(), text: word }
    })
}

/// The links in a text: words with `http://` or `https://`, without the punctuation around them.
pub(crate) fn links(text: &str) -> Vec<Found<'_>> {
    words(text).filter_map(link_in).collect()
}

fn link_in(word: Found<'_>) -> Option<Found<'_>> {
    let skip = word.text.find("https://").or_else(|| word.text.find("http://"))?;
    // A letter before it is part of another word: `xhttps://` is no link.
    if word.text[..skip].chars().next_back().is_some_and(char::is_alphanumeric) {
        return None;
    }
    let link = trimmed(&word.text[skip..]);
    let start = word.at.start + skip;
    Url::parse(link).ok()?.host()?;
    Some(Found { at: start..start + link.len(), text: link })
}

/// A link without closing punctuation; a bracket stays if it was opened inside.
pub(crate) fn trimmed(mut link: &str) -> &str {
    while let Some(last) = link.chars().next_back() {
        let opened = match last {
            ')' => link.matches('(').count() >= link.matches(')').count(),
            ']' => link.matches('[').count() >= link.matches(']').count(),
            '.' | ',' | ';' | ':' | '!' | '?' | '"' | '\'' | '>' | '”' | '’' | '»' | '…' => {
                false
            }
            _ => break,
        };
        if opened {
            break;
        }
        link = &link[..link.len() - last.len_utf8()];
    }
    link
}

/// The hash tags in a text, `#` included: a word's beginning, then at least one character that is no digit.
pub(crate) fn tags(text: &str) -> Vec<Found<'_>> {
    marked(text, '#', |c| c.is_alphanumeric() || c == '_')
        .into_iter()
        .filter(|tag| tag.text.chars().skip(1).any(|c| !c.is_ascii_digit()))
        .collect()
}

/// The mentions in a text, `@` included.
pub(crate) fn mentions(text: &str) -> Vec<Found<'_>> {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '@');
    marked(text, '@', part)
        .into_iter()
        .map(|it| {
            let text = it.text.trim_end_matches(['.', '-', '@']);
            Found { at: it.at.start..it.at.start + text.len(), text }
        })
        .filter(|it| it.text.len() > 1)
        .collect()
}

fn marked(text: &str, mark: char, part: impl Fn(char) -> bool) -> Vec<Found<'_>> {
    let links = links(text);
    let mut found = Vec::new();
    let mut before = None;
    for (start, c) in text.char_indices() {
        let begins = before.is_none_or(|b: char| !b.is_alphanumeric() && b != '/' && b != mark);
        let in_link = links.iter().any(|link| link.at.contains(&start));
        if c == mark && begins && !in_link {
            let rest = &text[start + c.len_utf8()..];
            let length = rest.find(|c| !part(c)).unwrap_or(rest.len());
            let end = start + c.len_utf8() + length;
            if length > 0 {
                found.push(Found { at: start..end, text: &text[start..end] });
            }
        }
        before = Some(c);
    }
    found
}

/// Whether a grapheme is an emoji, of one code point or several.
pub(crate) fn is_emoji(grapheme: &str) -> bool {
    let shows = |c: char| {
        // Presentation selector, key cap, joiner with a picture, skin tones, flags, pictures (Unicode TR51).
        matches!(c, '\u{fe0f}' | '\u{20e3}' | '\u{1f1e6}'..='\u{1f1ff}' | '\u{1f300}'..='\u{1faff}')
            || matches!(
                c,
                '\u{231a}' | '\u{231b}' | '\u{23e9}'..='\u{23ec}' | '\u{23f0}' | '\u{23f3}'
            )
            || matches!(
                c,
                '\u{25fd}' | '\u{25fe}' | '\u{2614}' | '\u{2615}' | '\u{2648}'..='\u{2653}'
            )
            || matches!(
                c,
                '\u{267f}' | '\u{2693}' | '\u{26a1}' | '\u{26aa}' | '\u{26ab}' | '\u{26bd}'
            )
            || matches!(
                c,
                '\u{26be}' | '\u{26c4}' | '\u{26c5}' | '\u{26ce}' | '\u{26d4}' | '\u{26ea}'
            )
            || matches!(
                c,
                '\u{26f2}' | '\u{26f3}' | '\u{26f5}' | '\u{26fa}' | '\u{26fd}' | '\u{2705}'
            )
            || matches!(
                c,
                '\u{270a}' | '\u{270b}' | '\u{2728}' | '\u{274c}' | '\u{274e}' | '\u{2753}'
                    ..='\u{2755}'
            )
            || matches!(
                c,
                '\u{2757}' | '\u{2795}'
                    ..='\u{2797}' | '\u{27b0}' | '\u{27bf}' | '\u{2b1b}' | '\u{2b1c}'
            )
            || matches!(
                c,
                '\u{2b50}' | '\u{2b55}' | '\u{1f004}' | '\u{1f0cf}' | '\u{1f18e}' | '\u{1f191}'
                    ..='\u{1f19a}'
            )
            || matches!(c, '\u{1f201}' | '\u{1f21a}' | '\u{1f22f}' | '\u{1f232}'..='\u{1f236}' | '\u{1f238}'..='\u{1f23a}')
            || matches!(c, '\u{1f250}' | '\u{1f251}')
    };
    grapheme.chars().any(shows)
}

/// The same text as another may have stored it: composed (NFC), white space collapsed.
pub(crate) fn normal(text: &str) -> String {
    let composed: String = text.nfc().collect();
    composed.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text as HTML says it: tags dropped, breaks as white space, the five usual entities read.
pub(crate) fn of_html(html: &str) -> String {
    let mut text = String::new();
    for (at, piece) in html.split('<').enumerate() {
        let after = match piece.split_once('>') {
            Some((tag, after)) if at > 0 => {
                if matches!(tag.trim_start_matches('/').split([' ', '/']).next(), Some("br" | "p"))
                {
                    text.push(' ');
                }
                after
            }
            _ => piece,
        };
        text.push_str(after);
    }
    [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&nbsp;", " "),
        ("&amp;", "&"),
    ]
    .into_iter()
    .fold(text, |text, (entity, meant)| text.replace(entity, meant))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(found: Vec<Found<'_>>) -> Vec<&str> {
        found.into_iter().map(|it| it.text).collect()
    }

    #[test]
    fn links_stand_without_their_punctuation() {
        let text = "ü (see https://a.example/b_(c)), https://a.example/?q=1. xhttps://no http:// «http://b.example»";
        let found = links(text);
        assert!(found.iter().all(|it| &text[it.at.clone()] == it.text));
        assert_eq!(
            texts(found),
            ["https://a.example/b_(c)", "https://a.example/?q=1", "http://b.example"]
        );
    }

    #[test]
    fn tags_and_mentions_are_words() {
        let text =
            "#eins a#b ##c #12 #ü_1! https://a.example/#no (@ann.example, @bob.) mail@x.example @";
        assert_eq!(texts(tags(text)), ["#eins", "#ü_1"]);
        assert_eq!(texts(mentions(text)), ["@ann.example", "@bob"]);
        assert!(tags(text).iter().all(|it| &text[it.at.clone()] == it.text));
    }

    #[test]
    fn emoji_are_pictures() {
        for emoji in ["😀", "👨‍👩‍👧‍👦", "🇩🇪", "1️⃣", "❤️", "⌚", "👍🏽"]
        {
            assert!(is_emoji(emoji) && graphemes(emoji) == 1, "{emoji}");
        }
        for text in ["1", "a", "é", "漢", "©", "→"] {
            assert!(!is_emoji(text), "{text}");
        }
    }

    #[test]
    fn stored_texts_are_recognised() {
        assert_eq!(normal("cafe\u{301}\n\n x "), "café x");
        let html = "<p>a &lt;b&gt; &amp;amp;<br />c</p><p><a href=\"x\">d</a></p>";
        assert_eq!(normal(&of_html(html)), "a <b> &amp; c d");
    }
}
