//! Threads.

use crate::meta::{self, Names};
use crate::wire::{Reply, Request};
use crate::world::World;

pub(crate) fn answer(world: &mut World, request: &Request) -> Reply {
    let names =
        Names { make: "threads", publish: "threads_publish", text: "text", status: "status" };
    meta::answer(world, request, &names)
}
