//! The server's answers as tables that people read.

use serde_json::Value;

use super::term;

/// Characters of a post's text in a table.
const TEXT_CHARS: usize = 40;
/// Characters of an error in a table.
const ERROR_CHARS: usize = 60;

/// A page of posts.
pub(super) fn posts(answer: &Value) -> String {
    let rows = rows_of(&answer["posts"], |post| {
        let total = list(&post["accounts"]).len();
        let published = post["progress"]["published"].as_u64().unwrap_or(0);
        let said = term::clip(&text(post, "text"), TEXT_CHARS);
        let published = format!("{published}/{total}");
        vec![text(post, "id"), text(post, "status"), text(post, "scheduled_at"), published, said]
    });
    let table = table("No posts.\n", &["ID", "STATUS", "DUE", "PUBLISHED", "TEXT"], rows);
    let more = answer["next_cursor"].as_str().map(|cursor| {
        format!("There are more; use --limit, or --cursor {}\n", term::plain(cursor))
    });
    table + &more.unwrap_or_default()
}

/// One post, with its deliveries and what its author should know.
pub(super) fn post(answer: &Value) -> String {
    let one = serde_json::json!({ "posts": [answer] });
    let deliveries = match list(&answer["deliveries"]) {
        [] => String::new(),
        _ => format!("\n{}", deliveries_of(std::slice::from_ref(answer))),
    };
    let warnings = list(&answer["warnings"]);
    let warnings: String =
        warnings.iter().map(|it| format!("Note: {}\n", text(it, "message"))).collect();
    format!("{}{deliveries}{warnings}", posts(&one))
}

/// The deliveries of a page of posts.
pub(super) fn deliveries(answer: &Value) -> String {
    deliveries_of(list(&answer["posts"]))
}

fn deliveries_of(posts: &[Value]) -> String {
    let rows = posts.iter().flat_map(|post| {
        list(&post["deliveries"]).iter().map(move |delivery| {
            let attempts = format!("{}/{}", delivery["attempt"], delivery["max_attempts"]);
            let said =
                match (delivery["remote_url"].as_str(), delivery["error"]["message"].as_str()) {
                    (Some(url), _) => term::plain(url),
                    (None, Some(error)) => term::clip(&term::plain(error), ERROR_CHARS),
                    (None, None) => "-".to_owned(),
                };
            vec![
                text(delivery, "delivery_id"),
                text(post, "id"),
                text(delivery, "platform"),
                text(delivery, "account_id"),
                text(delivery, "status"),
                attempts,
                said,
            ]
        })
    });
    let head =
        ["DELIVERY", "POST", "PLATFORM", "ACCOUNT", "STATUS", "ATTEMPT", "WHERE, OR WHY NOT"];
    table("No deliveries.\n", &head, rows.collect())
}

/// Accounts.
pub(super) fn accounts(answer: &Value) -> String {
    let rows = rows_of(&answer["accounts"], |it| {
        ["id", "platform", "name", "status", "remote_id", "url"].map(|name| text(it, name)).into()
    });
    table("No accounts.\n", &["ID", "PLATFORM", "NAME", "STATUS", "THEIR ID", "ADDRESS"], rows)
}

/// Series.
pub(super) fn series(answer: &Value) -> String {
    let rows = rows_of(&answer["series"], |it| {
        let said = term::clip(&text(it, "text"), TEXT_CHARS);
        let every = text(&it["rule"], "every");
        let every = match it["rule"]["interval"].as_u64() {
            Some(n) if n > 1 => format!("{n} {every}s"),
            _ => every,
        };
        let names = ["status", "next_at", "local_time", "tz"];
        let mut row = vec![text(it, "id")];
        row.extend(names.map(|name| text(it, name)));
        row.extend([every, said]);
        row
    });
    let head = ["ID", "STATUS", "NEXT", "FIRST", "ZONE", "EVERY", "TEXT"];
    table("No series.\n", &head, rows)
}

/// One series, with what its author should know.
pub(super) fn one_series(answer: &Value) -> String {
    let warnings = list(&answer["warnings"]);
    let warnings: String =
        warnings.iter().map(|it| format!("Note: {}\n", text(it, "message"))).collect();
    series(&serde_json::json!({ "series": [answer] })) + &warnings
}

/// One job.
pub(super) fn job(answer: &Value) -> String {
    let done = format!("{}/{}", answer["done"], answer["total"]);
    let row = vec![text(answer, "id"), text(answer, "kind"), text(answer, "status"), done];
    table("", &["ID", "KIND", "STATUS", "DONE"], vec![row])
}

/// What a workspace decided.
pub(super) fn workspace(answer: &Value) -> String {
    let minutes = |name: &str| answer[name].as_u64().map(|minutes| format!("{minutes} min"));
    let late = minutes("late_limit_minutes").unwrap_or_else(|| {
        let server = minutes("server_late_limit_minutes").unwrap_or_default();
        format!("{server}, the server's")
    });
    let names = ["updated_by", "updated_at"];
    let mut row = vec![text(answer, "workspace_id"), late];
    row.extend(names.map(|name| text(answer, name)));
    table("", &["WORKSPACE", "LATE LIMIT", "CHANGED BY", "AT"], vec![row])
}

/// What sealing credentials anew came to, and the accounts that could not be read.
pub(super) fn resealed(answer: &Value) -> String {
    let lost = list(&answer["unreadable"]);
    let number = |name: &str| answer[name].as_u64().unwrap_or(0).to_string();
    let row = vec![number("resealed"), number("already"), lost.len().to_string()];
    let lost = lost.iter().filter_map(Value::as_str);
    let lost: String = lost.map(|id| format!("{} cannot be read\n", term::plain(id))).collect();
    table("", &["RESEALED", "ALREADY", "UNREADABLE"], vec![row]) + &lost
}

/// Notifications.
pub(super) fn notifications(answer: &Value) -> String {
    let rows = rows_of(&answer["notifications"], |it| {
        let read = if it["read"].as_bool() == Some(true) { "read" } else { "new" };
        let mut row = vec![text(it, "id"), read.to_owned()];
        row.extend(["created_at", "title", "body"].map(|name| text(it, name)));
        row
    });
    table("No notifications.\n", &["ID", "", "AT", "WHAT", "MORE"], rows)
}

fn rows_of(items: &Value, row: impl Fn(&Value) -> Vec<String>) -> Vec<Vec<String>> {
    list(items).iter().map(row).collect()
}

fn table(none: &str, head: &[&str], rows: Vec<Vec<String>>) -> String {
    if rows.is_empty() {
        return none.to_owned();
    }
    let head = head.iter().map(|&it| it.to_owned()).collect();
    term::table(&std::iter::once(head).chain(rows).collect::<Vec<_>>())
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(item: &Value, name: &str) -> String {
    match item[name].as_str() {
        None | Some("") => "-".to_owned(),
        Some(said) => term::plain(said),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn posts_are_a_table_and_cannot_steer_the_terminal() {
        let page = json!({ "posts": [
            { "id": "post_1", "status": "published", "scheduled_at": "2026-11-20T08:00:03.412Z",
              "text": "Hello \u{1b}[2J", "accounts": [{}, {}], "progress": { "published": 1 } },
            { "id": "post_22", "status": "draft", "text": "x".repeat(50), "accounts": [] },
        ], "next_cursor": "abc" });
        let expected = "\
ID       STATUS     DUE                       PUBLISHED  TEXT
post_1   published  2026-11-20T08:00:03.412Z  1/2        Hello  [2J
post_22  draft      -                         0/0        xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
There are more; use --limit, or --cursor abc
";
        assert_eq!(posts(&page), expected);
        assert_eq!(posts(&json!({ "posts": [] })), "No posts.\n");
    }

    #[test]
    fn a_post_is_shown_with_its_deliveries_and_notes() {
        let one = json!({
            "id": "post_1", "status": "failed", "scheduled_at": "2026-11-20T08:00:00.000Z", "text": "Hi",
            "accounts": [{}], "progress": { "published": 0 },
            "deliveries": [{ "delivery_id": "dlv_1", "platform": "x", "account_id": "acc_1", "status": "failed",
                "attempt": 1, "max_attempts": 6, "error": { "message": "Too long." } }],
            "warnings": [{ "message": "The clock skips this time." }],
        });
        let expected = "\
ID      STATUS  DUE                       PUBLISHED  TEXT
post_1  failed  2026-11-20T08:00:00.000Z  0/1        Hi

DELIVERY  POST    PLATFORM  ACCOUNT  STATUS  ATTEMPT  WHERE, OR WHY NOT
dlv_1     post_1  x         acc_1    failed  1/6      Too long.
Note: The clock skips this time.
";
        assert_eq!(post(&one), expected);
    }

    #[test]
    fn the_other_lists_are_tables_too() {
        let answer = json!({
            "accounts": [{ "id": "acc_1", "platform": "x", "name": "Ann", "status": "connected", "url": "" }],
            "series": [{ "id": "ser_1", "status": "running", "next_at": "2026-11-20T08:00:00.000Z", "tz": "UTC",
                "local_time": "2026-11-20T08:00", "rule": { "every": "day", "interval": 2 }, "text": "Hi" }],
            "notifications": [{ "id": "n_1", "read": false, "created_at": "2026-11-20T08:00:00.000Z",
                "title": "A post failed", "body": "Hi" }],
            "id": "job_1", "kind": "bulk_schedule", "status": "running", "done": 3, "total": 10,
        });
        assert_eq!(
            accounts(&answer),
            "ID     PLATFORM  NAME  STATUS     THEIR ID  ADDRESS\nacc_1  x         Ann   connected  -         -\n"
        );
        assert!(series(&answer).ends_with("UTC   2 days  Hi\n"), "{}", series(&answer));
        assert!(
            notifications(&answer)
                .contains("n_1  new  2026-11-20T08:00:00.000Z  A post failed  Hi")
        );
        assert!(job(&answer).contains("job_1  bulk_schedule  running  3/10"), "{}", job(&answer));
        assert_eq!(accounts(&json!({})), "No accounts.\n");
        let report = json!({ "resealed": 12, "already": 3, "unreadable": ["acc_1"] });
        let expected =
            "RESEALED  ALREADY  UNREADABLE\n12        3        1\nacc_1 cannot be read\n";
        assert_eq!(resealed(&report), expected);
        let mut decided = json!({ "workspace_id": "w", "server_late_limit_minutes": 60 });
        assert!(workspace(&decided).ends_with("w          60 min, the server's  -           -\n"));
        decided["late_limit_minutes"] = 240.into();
        assert!(workspace(&decided).ends_with("w          240 min     -           -\n"));
    }
}
