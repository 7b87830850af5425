//! What platforms say of pictures. Pure.

use posts::{ErrorClass, FieldError, Outcome, Picture};

use crate::call::refused;

/// The limits of one place.
pub(crate) struct Limits<'a> {
    pub(crate) who: &'a str,
    /// Fewest and most pictures of a post.
    pub(crate) least: usize,
    pub(crate) most: usize,
    /// Largest picture in bytes.
    pub(crate) bytes: u64,
    /// Largest picture in pixels.
    pub(crate) pixels: u64,
    pub(crate) types: &'a [&'a str],
}

/// The types that are known at all.
pub(crate) const TYPES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];

/// No limit but the types that are known at all.
pub(crate) const ANY: Limits<'static> = Limits {
    who: "",
    least: 0,
    most: usize::MAX,
    bytes: u64::MAX,
    pixels: u64::MAX,
    types: &TYPES,
};

impl Limits<'_> {
    /// Everything that is wrong with the pictures, each with the limit it breaks.
    pub(crate) fn check(&self, pictures: &[Picture]) -> Vec<FieldError> {
        let (who, count) = (self.who, pictures.len());
        let mut errors = Vec::new();
        if count < self.least {
            let message = format!("{who} needs at least {} picture. Add one.", self.least);
            errors.push(FieldError::new("media", "required", message));
        }
        if count > self.most {
            let message = format!("{who} takes at most {} pictures. Remove some.", self.most);
            errors.push(FieldError::new("media", "too_many", message));
        }
        errors.extend(pictures.iter().enumerate().filter_map(|(at, it)| self.check_one(at, it)));
        errors
    }

    fn check_one(&self, at: usize, it: &Picture) -> Option<FieldError> {
        let who = self.who;
        let wrong = |code, message| Some(FieldError::new(format!("media[{at}]"), code, message));
        if !self.types.contains(&it.mime.as_str()) {
            let types: Vec<_> = self.types.iter().map(|t| t.trim_start_matches("image/")).collect();
            return wrong(
                "type",
                format!("{who} takes pictures of the types {}. Convert it.", types.join(", ")),
            );
        }
        if it.bytes > self.bytes {
            let message = format!(
                "{who} takes pictures of at most {} bytes; this has {}. Make it smaller.",
                self.bytes, it.bytes
            );
            return wrong("too_large", message);
        }
        if u64::from(it.width) * u64::from(it.height) > self.pixels {
            return wrong(
                "too_large",
                format!("{who} takes pictures of at most {} pixels. Make it smaller.", self.pixels),
            );
        }
        None
    }
}

/// Said of a post without the picture that the platform wants.
pub(crate) fn required(who: &str) -> Outcome {
    refused(ErrorClass::Media, format!("{who} needs a picture. Add one."), None)
}

/// Said of a picture that the platform would have to fetch, and that has no public address.
pub(crate) fn no_url(who: &str) -> Outcome {
    let message = format!(
        "{who} fetches pictures itself, and this server's are not public. Tell the operator to set its public address."
    );
    refused(ErrorClass::Media, message, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_is_named() {
        let picture = |mime: &str, bytes, width| Picture {
            mime: mime.into(),
            bytes,
            width,
            height: 10,
            alt: String::new(),
        };
        let limits = Limits {
            who: "P",
            least: 1,
            most: 3,
            bytes: 100,
            pixels: 1000,
            types: &["image/jpeg"],
        };
        let codes = |pictures: &[Picture]| {
            limits.check(pictures).into_iter().map(|e| (e.field, e.code)).collect::<Vec<_>>()
        };
        assert_eq!(codes(&[]), [("media".to_owned(), "required")]);
        let bad = [
            picture("image/png", 1, 1),
            picture("image/jpeg", 101, 1),
            picture("image/jpeg", 1, 101),
            picture("image/jpeg", 100, 100),
        ];
        let expected = [
            ("media", "too_many"),
            ("media[0]", "type"),
            ("media[1]", "too_large"),
            ("media[2]", "too_large"),
        ];
        assert_eq!(codes(&bad), expected.map(|(field, code)| (field.to_owned(), code)));
    }
}
