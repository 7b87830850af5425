//! The schedule: an event for the function `publish` every minute, and whenever somebody asks.

use std::sync::Arc;

use crate::api::World;
use crate::{events, ids, lambda};

/// Sends events as long as the process lives.
pub(crate) async fn run(world: Arc<World>) {
    loop {
        tokio::time::sleep(world.settings.time(|it| it.schedule_ms)).await;
        tick(&world);
    }
}

/// Sends one event.
pub(crate) fn tick(world: &Arc<World>) {
    let event = events::scheduled(ids::now_ms());
    lambda::later(world, "publish", event.to_string().into());
}
