//! The store on the embedded engine does what every store must do.

mod world;

#[tokio::test]
async fn it_conforms() {
    let world = world::world().await;
    store::conformance::run(&world.store).await;
}
