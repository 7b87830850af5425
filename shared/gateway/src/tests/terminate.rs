//! Ending a user's connections, as the SDKs ask for it.

use super::world::{World, pb_key};

#[tokio::test]
async fn connections_signed_in_as_the_user_end_and_no_others() {
    let paths =
        ["/apps/1001/users/u%201/terminate_connections", "/users/u%201/terminate_connections"];
    for path in paths {
        for body in ["{}", ""] {
            let world = World::new().await;
            for (id, user) in [("a", "u 1"), ("b", "u 1"), ("c", "u")] {
                let socket =
                    world.subscriber(id, id.len() as u64 + u64::from(id.as_bytes()[0]), &[]).await;
                world.sign_in(id, socket, user).await;
            }
            let answer = world.signed(&pb_key(), path, body).await;
            assert_eq!(answer.shown(), "200 {}", "{path} {body}");
            for id in ["a", "b"] {
                assert_eq!(world.frames.take(id), ["closed Some(4009)"]);
            }
            assert!(world.frames.take("c").is_empty());
        }
    }
}

#[tokio::test]
async fn nobody_else_may_and_nobody_there_is_fine() {
    let world = World::new().await;
    let path = "/users/nobody/terminate_connections";
    assert_eq!(world.signed(&pb_key(), path, "{}").await.shown(), "200 {}");
    let stranger = auth::KeyPair::new("pb-key", "wrong");
    assert_eq!(world.signed(&stranger, path, "{}").await.status, 401);
    let unknown = auth::KeyPair::new("no-key", "no-secret");
    assert_eq!(world.signed(&unknown, path, "{}").await.status, 404);
    let off = auth::KeyPair::new("off-key", "off-secret");
    assert_eq!(world.signed(&off, path, "{}").await.status, 403);
    let long = format!("/users/{}/terminate_connections", "x".repeat(129));
    let answer = world.signed(&pb_key(), &long, "{}").await;
    assert_eq!(answer.shown(), "400 A user id has 1 to 128 characters");
}
