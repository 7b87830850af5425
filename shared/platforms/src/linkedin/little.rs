//! "Little text", the format of a post's commentary. Pure.

/// What is an operator in little text (Posts API, "Little text format"). Unescaped, the text is cut off there in silence.
const OPERATORS: &[char] =
    &['\\', '|', '{', '}', '@', '[', ']', '(', ')', '<', '>', '#', '*', '_', '~'];

/// A plain text in little text.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if OPERATORS.contains(&c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_is_escaped_once() {
        assert_eq!(
            escape(r"a\b (c) #d @e <f> {g} [h] i|j *k* _l_ ~m~ ü!"),
            r"a\\b \(c\) \#d \@e \<f\> \{g\} \[h\] i\|j \*k\* \_l\_ \~m\~ ü!"
        );
    }
}
