//! Pictures of posts: attached when a post is written, checked whenever it moves on, at hand when it is sent.

use data::MediaUser;
use futures::{StreamExt, stream};
use media::{Loaded, NotAttached, NotLoaded};
use posts::{
    Attachment, Content, ErrorClass, FieldError, MediaKey, Medium, NewMedium, Outcome, Picture,
    Post, Series, ServerLimits, Stage, Timestamp, resolve_media,
};

use crate::server_limits::Servers;
use crate::{Announcer, PublishTo, Publishing, Refusal};

/// Pictures that one request has fetched at once.
const AT_ONCE: usize = 16;

/// The pictures of one delivery. Their room in memory is free again when this is dropped.
#[derive(Debug, Default)]
pub(crate) struct Pictures {
    pub(crate) attachments: Vec<Attachment>,
    _room: Option<Loaded>,
}

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// A copy of a picture with its type, for whoever knows its name.
    pub async fn get_media(&self, key: &MediaKey) -> Result<Loaded, Refusal> {
        self.media.load_one(key).await.map_err(|why| match why {
            NotLoaded::Gone => Refusal::NotFound,
            NotLoaded::Unavailable => Refusal::Unavailable,
        })
    }

    /// Fetches and keeps the pictures that a post is to have.
    pub(crate) async fn attach(
        &self,
        asked: &[NewMedium],
        now: Timestamp,
    ) -> Result<Vec<Medium>, Refusal> {
        let all = asked.iter().collect();
        let fetched = self.fetch(all, now).await.map_err(|wrong| of_request(asked, wrong))?;
        // Every address was fetched, so each is found.
        resolve_media(asked, &fetched, &[]).ok_or(Refusal::Unavailable)
    }

    /// Fetches each address once. Fails with what is wrong with each that cannot be had.
    pub(crate) async fn fetch(
        &self,
        mut asked: Vec<&NewMedium>,
        now: Timestamp,
    ) -> Result<Vec<Medium>, Vec<(String, NotAttached)>> {
        asked.sort_by(|a, b| a.url.cmp(&b.url));
        asked.dedup_by(|a, b| a.url == b.url);
        let asked: Vec<NewMedium> = asked.into_iter().cloned().collect();
        let calls = asked.into_iter().map(|new| async move {
            let attached = self.media.attach(&new, now).await;
            attached.map_err(|wrong| (new.url, wrong))
        });
        let done: Vec<_> = stream::iter(calls).buffered(AT_ONCE).collect().await;
        let (good, bad): (Vec<_>, Vec<_>) = done.into_iter().partition(Result::is_ok);
        let wrong: Vec<_> = bad.into_iter().filter_map(Result::err).collect();
        if wrong.is_empty() { Ok(good.into_iter().flatten().collect()) } else { Err(wrong) }
    }

    /// Notes that a post uses its copies, before the post itself is written.
    pub(crate) async fn note_use(&self, post: &Post) -> Result<(), data::Error> {
        self.note_uses(std::slice::from_ref(post)).await
    }

    /// The same of many posts.
    pub(crate) async fn note_uses(&self, posts: &[Post]) -> Result<(), data::Error> {
        let uses = posts.iter().flat_map(|post| {
            post.media.iter().map(|it| (&it.key, MediaUser::Post(post.id.clone())))
        });
        self.data.note_media(uses.collect::<Vec<_>>()).await
    }

    /// The same of a series.
    pub(crate) async fn note_use_of_series(&self, series: &Series) -> Result<(), data::Error> {
        let user = || MediaUser::Series(series.id.clone());
        let uses = series.media.iter().map(|it| (&it.key, user()));
        self.data.note_media(uses.collect::<Vec<_>>()).await
    }

    /// Asks the places that a post goes to about its text.
    pub(crate) fn check_text(&self, post: &Post, servers: &Servers) -> Result<(), Vec<FieldError>> {
        none(servers.places(post).into_iter().flat_map(|(platform, server)| {
            let text = &post.text;
            self.platforms.check_content(&Content { platform, server, text, pictures: None })
        }))
    }

    /// Asks the places that a post goes to about its text and pictures.
    pub(crate) fn check_content(&self, post: &Post, servers: &Servers) -> Result<(), Refusal> {
        let places = servers.places(post).into_iter();
        none(places.flat_map(|place| self.wrong_for(post, place))).map_err(Refusal::Invalid)
    }

    /// What is wrong with a post in one place. A draft may still lack what is required.
    pub(crate) fn wrong_for(
        &self,
        post: &Post,
        (platform, server): (&str, Option<&ServerLimits>),
    ) -> Vec<FieldError> {
        let draft = post.stage == Stage::Draft;
        let pictures: Vec<Picture> = post.media.iter().map(|it| it.picture.clone()).collect();
        let (text, all) = (&post.text, Some(pictures.as_slice()));
        let content = Content { platform, server, text, pictures: all };
        let mut errors = self.platforms.check_content(&content);
        errors.retain(|error| !(draft && error.code == "required"));
        if !pictures.is_empty() && self.platforms.fetches(platform) && !self.media.is_public() {
            let message = format!(
                "The platform {platform} fetches pictures from this server, which has no public address. Tell the operator to set PUBLIC_URL."
            );
            errors.push(FieldError::new("media", "no_public_address", message));
        }
        errors
    }

    /// The pictures of a post as its platform takes them: bytes, or addresses of our copies.
    pub(crate) async fn pictures(&self, post: &Post, platform: &str) -> Result<Pictures, Outcome> {
        if post.media.is_empty() {
            return Ok(Pictures::default());
        }
        if self.platforms.fetches(platform) {
            let mut attachments = Vec::with_capacity(post.media.len());
            for it in &post.media {
                let url = self.media.address(&it.key).await;
                attachments.push(Attachment {
                    picture: it.picture.clone(),
                    bytes: Vec::new(),
                    url,
                });
            }
            return Ok(Pictures { attachments, _room: None });
        }
        let mut loaded = self.media.load(&post.media).await.map_err(not_loaded)?;
        let bytes = std::mem::take(&mut loaded.bytes).into_iter().map(Vec::from);
        let attachment = |(it, bytes): (&Medium, _)| Attachment {
            picture: it.picture.clone(),
            bytes,
            url: None,
        };
        let attachments = post.media.iter().zip(bytes).map(attachment).collect();
        Ok(Pictures { attachments, _room: Some(loaded) })
    }
}

/// Fails with what is wrong, if anything is.
fn none(wrong: impl Iterator<Item = FieldError>) -> Result<(), Vec<FieldError>> {
    let wrong: Vec<_> = wrong.collect();
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

fn not_loaded(why: NotLoaded) -> Outcome {
    match why {
        NotLoaded::Gone => Outcome::Refused {
            class: ErrorClass::Media,
            message: "A picture of this post is no longer kept. Create a new post.".into(),
            http_status: None,
        },
        NotLoaded::Unavailable => Outcome::NotSent {
            class: ErrorClass::Media,
            message: "A picture of this post cannot be read right now.".into(),
            retry_after_s: None,
        },
    }
}

/// What is wrong with addresses, in the fields of the request that named them.
pub(crate) fn of_request(asked: &[NewMedium], wrong: Vec<(String, NotAttached)>) -> Refusal {
    let mut errors = Vec::new();
    for (url, why) in wrong {
        let NotAttached::Refused(code, message) = why else { return Refusal::Unavailable };
        let named = asked.iter().enumerate().filter(|(_, it)| it.url == url);
        errors
            .extend(named.map(|(at, _)| {
                FieldError::new(format!("media[{at}].url"), code, message.as_str())
            }));
    }
    Refusal::Invalid(errors)
}
