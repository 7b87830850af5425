//! Series, approval, many posts at once, their jobs, and notifications.

use serde_json::{Value, json};

use super::api::{Client, in_seconds};
use super::world::World;

/// The status of an answer, and the code of its error.
macro_rules! refused {
    ($answer:expr) => {{
        let answer = $answer.await;
        (
            answer.status.as_u16(),
            answer.json()["error"]["code"].as_str().unwrap_or("none").to_owned(),
        )
    }};
}

fn is(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn a_series_is_made_listed_shown_and_stopped() {
    let world = World::new().await;
    let (ada, eve) = (Client::new(&world, "1", &["w"]), Client::new(&world, "9", &["other"]));
    let account = ada.account().await;
    let daily = json!({
        "text": "Good morning", "accounts": [account], "rule": { "every": "day" },
        "local_time": "2030-01-07T09:00", "tz": "Europe/Berlin",
    });
    let made = ada.post("/api/series", daily.clone()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(made.json()["next_at"], "2030-01-07T08:00:00.000Z");
    assert_eq!(ada.get("/api/series").await.json()["series"][0]["id"], id);
    assert_eq!(ada.get(&format!("/api/series/{id}")).await.json()["status"], "running");
    assert_eq!(
        ada.get("/api/posts?status=scheduled").await.json()["posts"][0]["text"],
        "Good morning"
    );

    let path = |rest: &str| format!("/api/series/{id}{rest}");
    assert_eq!(refused!(eve.get(&path(""))), is(404, "not_found"));
    assert_eq!(refused!(eve.post(&path("/stop"), Value::Null)), is(404, "not_found"));
    assert_eq!(refused!(eve.get("/api/series?workspace_id=w")), is(404, "not_found"));
    let wrong = json!({ "text": "", "accounts": [], "rule": { "every": "day", "interval": 0 },
        "local_time": "soon", "tz": "CET+1" });
    let answer = ada.post("/api/series", wrong).await;
    let fields = answer.json()["error"]["fields"].as_array().map_or(0, Vec::len);
    assert!(answer.status == 422 && fields >= 4, "{}", answer.text);
    assert_eq!(ada.post(&path("/stop"), Value::Null).await.json()["status"], "ended");
    assert_eq!(ada.post(&path("/stop"), Value::Null).await.status, 409);
}

#[tokio::test]
async fn another_member_approves_or_rejects() {
    let world = World::new().await;
    let (ada, bob) = (Client::new(&world, "1", &["w"]), Client::new(&world, "2", &["w"]));
    let eve = Client::new(&world, "9", &["other"]);
    let account = ada.account().await;
    let new = json!({ "text": "May I?", "accounts": [account], "scheduled_at": in_seconds(3600),
        "needs_approval": true });
    let mut paths = Vec::new();
    for _ in 0..2 {
        let made = ada.post("/api/posts", new.clone()).await.json();
        assert_eq!(made["status"], "pending_approval");
        paths.push(format!("/api/posts/{}", made["id"].as_str().unwrap()));
    }
    for verb in ["approve", "reject"] {
        let path = format!("{}/{verb}", paths[0]);
        let body = || if verb == "reject" { json!({ "reason": "No" }) } else { Value::Null };
        assert_eq!(ada.post(&path, body()).await.status, 409, "{verb} by the author");
        assert_eq!(refused!(eve.post(&path, body())), is(404, "not_found"), "{verb}");
    }
    let approved = bob.post(&format!("{}/approve", paths[0]), Value::Null).await;
    assert_eq!(approved.json()["status"], "scheduled", "{}", approved.text);
    let rejected = bob.post(&format!("{}/reject", paths[1]), json!({ "reason": "No" })).await;
    assert_eq!(rejected.json()["status"], "draft", "{}", rejected.text);
    assert_eq!(bob.post(&format!("{}/approve", paths[1]), Value::Null).await.status, 409);
}

#[tokio::test]
async fn many_posts_are_one_job() {
    let world = World::new().await;
    let (ada, eve) = (Client::new(&world, "1", &["w"]), Client::new(&world, "9", &["other"]));
    let account = ada.account().await;
    let one =
        json!({ "text": "One of many", "accounts": [account], "scheduled_at": in_seconds(3600) });
    let job = ada.post("/api/posts/bulk", json!({ "posts": [one, one] })).await;
    assert_eq!((job.status.as_u16(), &job.json()["total"]), (202, &json!(2)), "{}", job.text);
    let path = format!("/api/jobs/{}", job.json()["id"].as_str().unwrap());
    assert_eq!(ada.get(&path).await.json()["status"], "queued");
    assert_eq!(refused!(eve.get(&path)), is(404, "not_found"));
    let bad = json!({ "posts": [one, { "text": "", "accounts": ["nobody"] }] });
    let answer = ada.post("/api/posts/bulk", bad).await;
    assert_eq!(answer.status, 422);
    let fields = answer.json()["error"]["fields"].to_string();
    assert!(fields.contains("posts[1]") && !fields.contains("posts[0]"), "{fields}");
}

#[tokio::test]
async fn notifications_are_ones_own() {
    let world = World::new().await;
    let ada = Client::new(&world, "1", &["w"]);
    let listed = ada.get("/api/notifications").await;
    assert_eq!((listed.status.as_u16(), &listed.json()["unread_count"]), (200, &json!(0)));
    let read = ada.post("/api/notifications/read", json!({ "ids": ["ntf_none"] })).await;
    assert_eq!((read.status.as_u16(), &read.json()["notifications"]), (200, &json!([])));
    let wrong = ada.post("/api/notifications/read", json!({ "ids": "all" })).await;
    assert_eq!(wrong.status, 422, "{}", wrong.text);
    let nobody = world.ask("GET", "/api/notifications", &[], String::new()).await;
    assert_eq!(nobody.status, 401);
}

#[tokio::test]
async fn a_workspace_decides_how_late_its_posts_go_out() {
    let world = World::new().await;
    let ada = Client::new(&world, "1", &["w", "v"]);
    let (bob, eve) = (Client::new(&world, "2", &["w"]), Client::new(&world, "9", &["other"]));
    let fresh = json!({
        "workspace_id": "w", "late_limit_minutes": null, "server_late_limit_minutes": 60,
        "updated_by": null, "updated_at": null,
    });
    assert_eq!(bob.get("/api/workspace").await.json(), fresh);
    let set = ada.put("/api/workspace?workspace_id=w", json!({ "late_limit_minutes": 240 })).await;
    assert_eq!(set.status, 200, "{}", set.text);
    let seen = bob.get("/api/workspace").await.json();
    assert_eq!(seen, set.json());
    assert_eq!((&seen["late_limit_minutes"], &seen["updated_by"]), (&json!(240), &json!("1")));
    let other = ada.get("/api/workspace?workspace_id=v").await.json();
    assert_eq!(other["late_limit_minutes"], Value::Null, "workspaces share nothing");
    for minutes in [-1, 0, 14, 1441] {
        let answer = bob.put("/api/workspace", json!({ "late_limit_minutes": minutes })).await;
        let said = answer.json()["error"]["fields"][0].clone();
        assert_eq!((answer.status.as_u16(), &said["field"]), (422, &json!("late_limit_minutes")));
        assert!(said["message"].as_str().unwrap().contains("15 to 1440 minutes"), "{said}");
    }
    let limit = || json!({ "late_limit_minutes": 15 });
    assert_eq!(bob.put("/api/workspace", json!({})).await.status, 422, "nothing resets nothing");
    assert_eq!(ada.put("/api/workspace", limit()).await.status, 422, "which one?");
    assert_eq!(refused!(eve.put("/api/workspace?workspace_id=w", limit())), is(404, "not_found"));
    assert_eq!(refused!(eve.get("/api/workspace?workspace_id=w")), is(404, "not_found"));
    let reset = bob.put("/api/workspace", json!({ "late_limit_minutes": null })).await.json();
    assert_eq!((&reset["late_limit_minutes"], &reset["updated_by"]), (&Value::Null, &json!("2")));
}
