//! A change of a post that is still open.

use crate::refused::still_open;
use crate::{
    Account, Conflict, FieldError, Medium, PatchPost, Post, Refused, Stage, Target, Timestamp,
    When, check, media, resolve_media, wall_time,
};

impl Post {
    /// The post with `patch` applied. `known` are the accounts that the patch names, as far as they exist; `fetched` are
    /// its pictures, but for those that the post had before.
    /// Fails if the post is not open any more, if it changed meanwhile, or with everything that is wrong.
    pub fn edit(
        &self,
        patch: PatchPost,
        known: &[Account],
        fetched: &[Medium],
        now: Timestamp,
    ) -> Result<Self, Refused> {
        still_open(self).map_err(Refused::Conflict)?;
        if patch.version.is_some_and(|version| version != self.version) {
            return Err(Refused::Conflict(Conflict::OtherVersion(self.version)));
        }
        let mut errors = Vec::new();
        let accounts = self.new_targets(patch.accounts.as_deref(), known, &mut errors);
        let text = patch.text.clone().unwrap_or_else(|| self.text.clone());
        check::text(&text, &mut errors);
        media::check(patch.media.as_deref().unwrap_or_default(), &mut errors);
        let when = self.new_when(&patch, now, &mut errors);
        if when.is_some() {
            let count = patch.accounts.as_ref().map_or(accounts.len(), Vec::len);
            check::complete(&text, count, &mut errors);
        }
        if !errors.is_empty() {
            return Err(Refused::Invalid(errors));
        }
        let media = match &patch.media {
            Some(asked) => resolve_media(asked, fetched, &self.media)
                .ok_or(Refused::Conflict(Conflict::OtherVersion(self.version)))?,
            None => self.media.clone(),
        };
        let changed = text != self.text || accounts != self.accounts || media != self.media;
        let pending = matches!(self.stage, Stage::PendingApproval { .. });
        let stage = match when {
            None => Stage::Draft,
            Some(when) if pending => Stage::PendingApproval { when },
            Some(when) => Stage::Scheduled { when },
        };
        let content_rev = self.content_rev + u64::from(changed);
        Ok(Self { text, media, accounts, content_rev, ..self.moved(stage, now) })
    }

    /// The post due at once. Fails if it is not open any more, or not complete.
    pub fn publish_now(&self, now: Timestamp) -> Result<Self, Refused> {
        still_open(self).map_err(Refused::Conflict)?;
        if matches!(self.stage, Stage::PendingApproval { .. }) {
            return Err(Refused::Conflict(Conflict::NeedsApproval));
        }
        let mut errors = Vec::new();
        check::complete(&self.text, self.accounts.len(), &mut errors);
        if !errors.is_empty() {
            return Err(Refused::Invalid(errors));
        }
        let tz = self.when().and_then(|when| when.tz.clone());
        // The wall time that the author typed is no longer when it is due.
        let when = When { scheduled_at: now, tz, local_time: None };
        Ok(self.moved(Stage::Scheduled { when }, now))
    }

    fn new_targets(
        &self,
        ids: Option<&[crate::AccountId]>,
        known: &[Account],
        errors: &mut Vec<FieldError>,
    ) -> Vec<Target> {
        match ids {
            Some(ids) => check::targets(ids, known, &self.workspace_id, errors),
            None => self.accounts.clone(),
        }
    }

    /// The post's time after a patch. A new wall time or zone moves it, unless the patch says the instant itself. A time
    /// that the patch leaves alone is not checked again: it may be due now.
    fn new_when(
        &self,
        patch: &PatchPost,
        now: Timestamp,
        errors: &mut Vec<FieldError>,
    ) -> Option<When> {
        let old = self.when();
        let at = match (patch.scheduled_at, self.new_wall_time(patch)) {
            (Some(new), _) => new.map(|at| check::instant(at, now, errors)),
            (None, Some(at)) => Some(check::instant(at, now, errors)),
            (None, None) => old.map(|when| when.scheduled_at),
        };
        // A post that becomes a draft forgets the texts of its time; a new time forgets the old wall time.
        let old_tz = old.filter(|_| at.is_some()).and_then(|when| when.tz.clone());
        let old_local =
            old.filter(|_| patch.scheduled_at.is_none()).and_then(|when| when.local_time.clone());
        let tz = patch.tz.clone().unwrap_or(old_tz);
        let local_time = patch.local_time.clone().unwrap_or(old_local);
        check::when(at, tz, local_time, errors)
    }

    /// The instant of the wall time that a patch leads to; nothing if it names neither wall time nor zone, or if they do
    /// not make one.
    fn new_wall_time(&self, patch: &PatchPost) -> Option<Timestamp> {
        if patch.tz.is_none() && patch.local_time.is_none() {
            return None;
        }
        let old = self.when();
        let tz = patch.tz.clone().unwrap_or_else(|| old.and_then(|when| when.tz.clone()));
        let local = patch.local_time.clone();
        let local = local.unwrap_or_else(|| old.and_then(|when| when.local_time.clone()));
        wall_time::of_texts(tz.as_deref(), local.as_deref()).map(|resolved| resolved.at)
    }
}
