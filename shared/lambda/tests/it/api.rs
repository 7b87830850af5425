//! What the router is told of the deployment.

use axum::body::{Body, to_bytes};
use http::{Request, StatusCode};
use identity::{JwtRules, User, Workspace, WorkspaceId, mint};
use lambda::host::now_ms;
use lambda::http::router;
use protocol::UserId;
use serde_json::Value;
use tower::ServiceExt;

use crate::world::{JWT_SECRET, World};

const PLATFORM: &str = "[platforms.x]\nclient = { id = \"my-app\", secret = \"my-secret\" }\n";

#[tokio::test]
async fn a_platform_sends_browsers_back_to_the_public_address() {
    let world = World::new().await;
    let public = ("PUBLIC_URL", "https://push.example.com");
    let host = world.host_with("api", PLATFORM, &[public]).await;
    let router = router(&host, &host.posts().unwrap()).unwrap();
    let workspaces = vec![Workspace { id: WorkspaceId::new("ws_1"), role: None }];
    let user = User { id: UserId::new("u1"), info: None, workspaces };
    let now_s = now_ms() / 1_000;
    let token = mint(&user, JWT_SECRET.as_bytes(), &JwtRules::default(), 60, now_s).unwrap();
    let request = Request::get("/api/accounts/connect/x?workspace_id=ws_1")
        .header("accept", "application/json")
        .header("authorization", format!("Bearer {token}"));
    let answer = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let status = answer.status();
    let bytes = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    let answer: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(status, StatusCode::OK, "{answer}");
    let back =
        "redirect_uri=https%3A%2F%2Fpush.example.com%2Fapi%2Faccounts%2Fconnect%2Fx%2Fcallback";
    assert!(answer["url"].as_str().unwrap().contains(back), "{answer}");
}
