//! A new post.

use crate::{
    Account, Caller, FieldError, NewPost, Post, PostId, Stage, Timestamp, check, media, wall_time,
};

impl Post {
    /// Makes a post of `new` by `caller`, without its pictures, which are fetched when all the rest is right. `known`
    /// are the accounts that it names, as far as they exist.
    /// Fails with everything that is wrong.
    pub fn create(
        id: PostId,
        caller: &Caller,
        new: NewPost,
        known: &[Account],
        now: Timestamp,
    ) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let workspace_id = match caller.workspace(new.workspace_id.as_ref()) {
            Ok(workspace) => workspace,
            Err(error) => return Err(vec![error]),
        };
        check::text(&new.text, &mut errors);
        media::check(&new.media, &mut errors);
        let accounts = check::targets(&new.accounts, known, &workspace_id, &mut errors);
        let at = new.scheduled_at.or_else(|| {
            let texts = (new.tz.as_deref(), new.local_time.as_deref());
            wall_time::of_texts(texts.0, texts.1).map(|resolved| resolved.at)
        });
        let at = at.map(|at| check::instant(at, now, &mut errors));
        let when = check::when(at, new.tz, new.local_time, &mut errors);
        if when.is_some() {
            check::complete(&new.text, new.accounts.len(), &mut errors);
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let post = Self {
            id,
            workspace_id,
            author_id: caller.user_id.clone(),
            text: new.text,
            media: Vec::new(),
            accounts,
            stage: match when {
                None => Stage::Draft,
                Some(when) if new.needs_approval => Stage::PendingApproval { when },
                Some(when) => Stage::Scheduled { when },
            },
            version: 1,
            content_rev: 1,
            created_at: now,
            updated_at: now,
        };
        Ok(Self { version: post.version + u64::from(post.has_new_time(None)), ..post })
    }
}
