//! Many posts in one request: checked whole, stored whole, then made by the ticker.

use std::collections::BTreeSet;
use std::time::Duration;

use data::Error;
use futures::{StreamExt, stream};
use posts::{
    Account, AccountId, Caller, FieldError, Job, JobId, NewMedium, NewPosts, Post, PostId,
    Timestamp, limits, news, resolve_media,
};

use crate::media::of_request;
use crate::server_limits::Servers;
use crate::tick::Run;
use crate::{Announcer, PublishTo, Publishing, Refusal, numbers};

/// Most accounts that one read gives. Source: BatchGetItem.
const READ: usize = 100;
/// Posts that are made between two reports.
const STEP: i32 = 100;
/// Posts that are made at once.
const AT_ONCE: usize = 16;
/// Least time between two reports. Source: the event contract, at most 2 a second.
const REPORT: Duration = Duration::from_millis(500);

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// Takes posts for creation. Nothing is created if anything is wrong with any of them; every error is named with
    /// its row, as `posts[3].text`.
    pub async fn bulk_posts(
        &self,
        caller: &Caller,
        new: NewPosts,
        now: Timestamp,
    ) -> Result<Job, Refusal> {
        new.check().map_err(|error| Refusal::Invalid(vec![error]))?;
        let workspace = caller.workspace(new.workspace_id.as_ref());
        let workspace = workspace.map_err(|error| Refusal::Invalid(vec![error]))?;
        let known = self.known_to_all(&new).await?;
        let servers = self.servers(known.clone(), now).await;
        let (mut posts, mut errors) = (Vec::with_capacity(new.posts.len()), Vec::new());
        let mut asked = Vec::with_capacity(new.posts.len());
        for (at, mut one) in new.posts.into_iter().enumerate() {
            one.workspace_id.get_or_insert_with(|| workspace.clone());
            asked.push(one.media.clone());
            let id = PostId::from_number(numbers::unique(now));
            let made = Post::create(id, caller, one, &known, now);
            match made.and_then(|post| self.check_text(&post, &servers).map(|()| post)) {
                Ok(post) => posts.push(post),
                Err(wrong) => errors.extend(wrong.into_iter().map(|error| of_row(at, error))),
            }
        }
        if !errors.is_empty() {
            return Err(Refusal::Invalid(errors));
        }
        let posts = self.with_pictures(posts, &asked, &servers, now).await?;
        self.note_uses(&posts).await?;
        let id = JobId::from_number(numbers::unique(now));
        let job = Job::new(id, workspace, caller.user_id.clone(), posts.len(), now);
        self.data.create_job(&job, &posts).await?;
        self.announce([news::job_changed(&job, now)]).await;
        Ok(job)
    }

    /// Reads a job. One of another workspace is not found.
    pub async fn get_job(&self, caller: &Caller, id: &JobId) -> Result<Job, Refusal> {
        let job = self.data.get_job(id).await?;
        if caller.may_enter(&job.workspace_id) { Ok(job) } else { Err(Refusal::NotFound) }
    }

    /// The posts with the pictures that each asked for, every address fetched once, if their platforms take them.
    async fn with_pictures(
        &self,
        posts: Vec<Post>,
        asked: &[Vec<NewMedium>],
        servers: &Servers,
        now: Timestamp,
    ) -> Result<Vec<Post>, Refusal> {
        let all: Vec<&NewMedium> = asked.iter().flatten().collect();
        let addresses: BTreeSet<&str> = all.iter().map(|it| it.url.as_str()).collect();
        if addresses.len() > limits::BULK_MEDIA {
            let most = limits::BULK_MEDIA;
            let message = format!("Name at most {most} pictures in one request. Send several.");
            return Err(Refusal::Invalid(vec![FieldError::new("posts", "too_many", message)]));
        }
        let (fetched, wrong) = match self.fetch(all, now).await {
            Ok(fetched) => (fetched, Vec::new()),
            Err(wrong) => (Vec::new(), wrong),
        };
        let (mut good, mut errors) = (Vec::with_capacity(posts.len()), Vec::new());
        for (at, (post, asked)) in posts.into_iter().zip(asked).enumerate() {
            let checked = match resolve_media(asked, &fetched, &[]) {
                Some(media) => {
                    let post = Post { media, ..post };
                    self.check_content(&post, servers).map(|()| good.push(post))
                }
                None => Err(of_request(asked, wrong.clone())),
            };
            match checked {
                Ok(()) => {}
                Err(Refusal::Invalid(wrong)) => {
                    errors.extend(wrong.into_iter().map(|error| of_row(at, error)));
                }
                Err(other) => return Err(other),
            }
        }
        if errors.is_empty() { Ok(good) } else { Err(Refusal::Invalid(errors)) }
    }

    async fn known_to_all(&self, new: &NewPosts) -> Result<Vec<Account>, Refusal> {
        let ids: BTreeSet<&AccountId> = new.posts.iter().flat_map(|post| &post.accounts).collect();
        let ids: Vec<AccountId> = ids.into_iter().cloned().collect();
        let mut known = Vec::with_capacity(ids.len());
        for some in ids.chunks(READ) {
            known.extend(self.data.get_accounts(some).await?);
        }
        Ok(known)
    }

    /// Takes up a job that is due, and makes its posts. Their ids were given before, so making one twice is making
    /// it once: another run goes on where this one stopped.
    pub(crate) async fn run_job(&self, id: &JobId, run: &Run) {
        match self.try_job(id, run).await {
            Ok(()) | Err(Error::Conflict | Error::NotFound) => {}
            Err(error) => {
                tracing::error!(job = %id, cause = ?error, "a job is put off; a later run goes on");
            }
        }
    }

    async fn try_job(&self, id: &JobId, run: &Run) -> Result<(), Error> {
        let before = self.data.get_job(id).await?;
        let Some(mut job) = before.claim(run.clock.now()) else { return Ok(()) };
        self.data.replace_job(&before, &job).await?;
        let mut reported = run.clock.now();
        self.announce([news::job_changed(&job, reported)]).await;
        while !job.is_over() {
            let posts = self.data.job_posts(id, job.done, STEP).await?;
            if posts.is_empty() {
                // Rows expire after a week: what is left of such a job cannot be made any more.
                tracing::error!(job = %id, "the rows of a job are gone");
                return Ok(());
            }
            let done = job.done + posts.len();
            let made = stream::iter(posts).map(|post| self.make(post)).buffered(AT_ONCE);
            let made: Vec<_> = made.collect().await;
            made.into_iter().collect::<Result<Vec<()>, Error>>()?;
            let now = run.clock.now();
            let after = job.at(done, now);
            self.data.replace_job(&job, &after).await?;
            job = after;
            if job.is_over() || now.since(reported) >= REPORT {
                self.announce([news::job_changed(&job, now)]).await;
                reported = now;
            }
        }
        Ok(())
    }

    async fn make(&self, post: Post) -> Result<(), Error> {
        self.data.create_post(&post).await?;
        self.announce(news::created(&post, None)).await;
        Ok(())
    }
}

fn of_row(at: usize, error: FieldError) -> FieldError {
    FieldError { field: format!("posts[{at}].{}", error.field), ..error }
}
