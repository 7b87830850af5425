//! Instagram's content publishing.

use crate::meta::{self, Names};
use crate::wire::{Reply, Request};
use crate::world::World;

pub(crate) fn answer(world: &mut World, request: &Request) -> Reply {
    let names =
        Names { make: "media", publish: "media_publish", text: "caption", status: "status_code" };
    meta::answer(world, request, &names)
}
