//! Many posts in one request: JSON, or the rows of a table.

use csv::{ReaderBuilder, Trim};
use serde::Deserialize;

use crate::{AccountId, FieldError, NewMedium, NewPost, WorkspaceId, limits};

/// A request to create many posts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPosts {
    /// The workspace that will own them. May be left out by a member of exactly one.
    #[serde(default)]
    pub workspace_id: Option<WorkspaceId>,
    /// The posts, at most 1,000. Each may leave its workspace out.
    pub posts: Vec<NewPost>,
}

/// A row of a table, as text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    text: String,
    #[serde(default)]
    media: String,
    #[serde(default)]
    alt: String,
    #[serde(default)]
    accounts: String,
    #[serde(default)]
    scheduled_at: String,
    #[serde(default)]
    tz: String,
    #[serde(default)]
    local_time: String,
    #[serde(default)]
    needs_approval: String,
}

impl NewPosts {
    /// Reads a table (RFC 4180) whose first row names its columns: `text`, and any of `media` (addresses with
    /// spaces between), `alt` (their descriptions in the same order, with `|` between), `accounts` (ids with spaces
    /// between), `scheduled_at`, `tz`, `local_time` and `needs_approval`. Fails with everything that is wrong.
    pub fn of_csv(table: &[u8]) -> Result<Self, Vec<FieldError>> {
        let mut reader = ReaderBuilder::new().trim(Trim::Headers).from_reader(table);
        let (mut posts, mut errors) = (Vec::new(), Vec::new());
        // One more than allowed is enough to refuse them all.
        for (at, row) in reader.deserialize::<Row>().take(limits::BULK_POSTS + 1).enumerate() {
            match row {
                Ok(row) => posts.push(row.read(at, &mut errors)),
                Err(error) => {
                    let message = format!("This row cannot be read: {error}.");
                    errors.push(FieldError::new(format!("posts[{at}]"), "malformed", message));
                }
            }
        }
        if errors.is_empty() { Ok(Self { workspace_id: None, posts }) } else { Err(errors) }
    }

    /// What is wrong with the request as a whole.
    pub fn check(&self) -> Result<(), FieldError> {
        if (1..=limits::BULK_POSTS).contains(&self.posts.len()) {
            return Ok(());
        }
        let message = format!("Send 1 to {} posts at once.", limits::BULK_POSTS);
        Err(FieldError::new("posts", "length", message))
    }
}

impl Row {
    fn read(self, at: usize, errors: &mut Vec<FieldError>) -> NewPost {
        let mut wrong = |field: &str, message: &str| {
            errors.push(FieldError::new(format!("posts[{at}].{field}"), "malformed", message));
        };
        let given = |text: String| Some(text).filter(|text| !text.is_empty());
        let mut accounts = Vec::new();
        for id in self.accounts.split_whitespace() {
            match AccountId::parse(id) {
                Ok(id) => accounts.push(id),
                Err(_) => wrong("accounts", "Use ids of accounts with spaces between."),
            }
        }
        let scheduled_at = given(self.scheduled_at).and_then(|text| {
            let read = serde_json::from_value(text.into());
            read.map_err(|_| wrong("scheduled_at", "Use a time such as 2026-11-20T08:00:00Z.")).ok()
        });
        let needs_approval = match self.needs_approval.as_str() {
            "" | "false" => false,
            "true" => true,
            _ => {
                wrong("needs_approval", "Use true or false.");
                false
            }
        };
        let (tz, local_time) = (given(self.tz), given(self.local_time));
        let mut alts = self.alt.split('|').map(str::trim);
        let media = self.media.split_whitespace().map(|url| NewMedium {
            url: url.to_owned(),
            alt: alts.next().unwrap_or_default().to_owned(),
        });
        let (text, media) = (self.text, media.collect());
        NewPost {
            workspace_id: None,
            text,
            media,
            accounts,
            scheduled_at,
            tz,
            local_time,
            needs_approval,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read() {
        let table = "text,accounts,scheduled_at,tz,local_time,needs_approval\r\n\
            \"Hello, \"\"world\"\"\nagain\",acc_1 acc_2,2026-11-20T08:00:00Z,,,true\r\n\
            Later,,,Europe/Berlin,2026-11-20T09:00,\r\n";
        let posts = NewPosts::of_csv(table.as_bytes()).unwrap().posts;
        assert_eq!(posts[0].text, "Hello, \"world\"\nagain");
        assert_eq!((posts[0].accounts.len(), posts[0].needs_approval), (2, true));
        assert_eq!(posts[1].local_time.as_deref(), Some("2026-11-20T09:00"));
        assert_eq!((posts[1].scheduled_at, posts[1].tz.as_deref()), (None, Some("Europe/Berlin")));
    }

    #[test]
    fn everything_wrong_with_a_table_comes_at_once() {
        let table = "text,scheduled_at,needs_approval\na,tomorrow,\nb,,maybe\nc\n";
        let errors = NewPosts::of_csv(table.as_bytes()).unwrap_err();
        let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["posts[0].scheduled_at", "posts[1].needs_approval", "posts[2]"]);
        assert!(NewPosts::of_csv(b"txt\na\n").is_err());
        assert!(NewPosts::default().check().is_err());
        let many = format!("text\n{}", "x\n".repeat(limits::BULK_POSTS + 5));
        assert!(NewPosts::of_csv(many.as_bytes()).unwrap().check().is_err());
    }
}
