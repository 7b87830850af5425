//! Series: create, list, stop, and make the next post when one falls due.

use data::Error;
use posts::{
    Caller, NewSeries, Post, Series, SeriesId, Timestamp, WorkspaceId, news, wall_time_warning,
};

use crate::edit_post::TRIES;
use crate::tick::Run;
use crate::{Announcer, PublishTo, Publishing, Refusal, SeriesView, numbers};

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// Creates a series with its first post.
    pub async fn create_series(
        &self,
        caller: &Caller,
        new: NewSeries,
        now: Timestamp,
    ) -> Result<SeriesView, Refusal> {
        let known = self.known(&new.accounts).await?;
        let id = SeriesId::from_number(numbers::unique(now));
        let asked = new.media.clone();
        let made = Series::create(id, caller, new, &known, now);
        let (series, first) = made.map_err(Refusal::Invalid)?;
        let servers = self.servers(known, now).await;
        self.check_text(&first, &servers).map_err(Refusal::Invalid)?;
        let media = self.attach(&asked, now).await?;
        let (series, first) = (Series { media: media.clone(), ..series }, Post { media, ..first });
        self.check_content(&first, &servers)?;
        self.note_use_of_series(&series).await?;
        self.note_use(&first).await?;
        self.data.create_post(&first).await?;
        self.data.create_series(&series).await?;
        self.announce(news::of_series(&first)).await;
        let warning = wall_time_warning(Some(&series.tz), Some(&series.local_time));
        Ok(SeriesView { series, warnings: warning.into_iter().collect() })
    }

    /// Reads a series. One of another workspace is not found.
    pub async fn get_series(&self, caller: &Caller, id: &SeriesId) -> Result<Series, Refusal> {
        let series = self.data.get_series(id).await?;
        if caller.may_enter(&series.workspace_id) { Ok(series) } else { Err(Refusal::NotFound) }
    }

    /// Lists the series of a workspace of the caller, the newest first.
    pub async fn list_series(
        &self,
        caller: &Caller,
        workspace: Option<&WorkspaceId>,
    ) -> Result<Vec<Series>, Refusal> {
        if workspace.is_some_and(|named| !caller.may_enter(named)) {
            return Err(Refusal::NotFound);
        }
        let workspace =
            caller.workspace(workspace).map_err(|error| Refusal::Invalid(vec![error]))?;
        Ok(self.data.list_series(&workspace).await?)
    }

    /// Ends a series. Its next post stays as it is: it can be cancelled like any other.
    pub async fn stop_series(&self, caller: &Caller, id: &SeriesId) -> Result<Series, Refusal> {
        for _ in 0..TRIES {
            let before = self.get_series(caller, id).await?;
            let after = before.stop()?;
            match self.data.replace_series(&before, &after).await {
                Ok(()) => return Ok(after),
                Err(Error::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Conflict.into())
    }

    /// Makes the next post of a series that is due. Its id follows from the date, so that two runs make one post.
    pub(crate) async fn advance_series(&self, id: &SeriesId, run: &Run) {
        match self.try_advance(id, run).await {
            Ok(()) | Err(Error::Conflict | Error::NotFound) => {}
            Err(error) => {
                tracing::error!(series = %id, cause = ?error, "a series is put off; the next run tries again");
            }
        }
    }

    async fn try_advance(&self, id: &SeriesId, run: &Run) -> Result<(), Error> {
        let before = self.data.get_series(id).await?;
        let Some((after, post)) = before.advance(run.clock.now()) else { return Ok(()) };
        if let Some(post) = &post {
            self.note_use(post).await?;
            self.data.create_post(post).await?;
        }
        self.data.replace_series(&before, &after).await?;
        self.announce(post.iter().flat_map(news::of_series).collect::<Vec<_>>()).await;
        Ok(())
    }
}
