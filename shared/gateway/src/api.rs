//! What dashboards and schedulers call: posts, accounts, the ticker. One verb, one file.

mod approve_post;
pub(crate) mod begin_connect;
mod bulk_posts;
mod cancel_post;
mod confirm_delivery;
mod connect_account;
mod connect_page;
mod create_post;
mod create_series;
mod delete_post;
mod disconnect_account;
mod edit_post;
mod finish_connect;
mod get_account;
mod get_job;
mod get_post;
mod get_series;
mod get_workspace;
mod id;
pub(crate) mod list_accounts;
mod list_notifications;
mod list_posts;
pub(crate) mod list_series;
mod publish_due;
mod publish_now;
mod put_workspace;
mod query;
pub(crate) mod read_notifications;
mod reconnect_account;
mod reject_post;
mod retry_post;
mod send_again;
mod stop_series;
mod tab;

use std::sync::Arc;

use axum::extract::FromRef;
use identity::User;
use posts::{Caller, UserId, WorkspaceId};
use publishing::{Announcer, PublishTo, Publishing};

use crate::door::Door;
use crate::problem::Problem;
use crate::routes::{Descriptions, Routes};
use crate::settings::Settings;

/// The state of these handlers.
pub(crate) struct Desk<P, A> {
    pub(crate) publishing: Arc<Publishing<P, A>>,
    pub(crate) door: Door,
    pub(crate) settings: Arc<Settings>,
}

impl<P, A> Clone for Desk<P, A> {
    fn clone(&self) -> Self {
        Self {
            publishing: self.publishing.clone(),
            door: self.door.clone(),
            settings: self.settings.clone(),
        }
    }
}

impl<P, A> FromRef<Desk<P, A>> for Door {
    fn from_ref(desk: &Desk<P, A>) -> Self {
        desk.door.clone()
    }
}

/// The routes of users, each with its description.
pub(crate) fn routes<P: PublishTo, A: Announcer, D: Descriptions>() -> Routes<Desk<P, A>, D> {
    posts_routes().merge(other_routes())
}

fn other_routes<P: PublishTo, A: Announcer, D: Descriptions>() -> Routes<Desk<P, A>, D> {
    Routes::new()
        .add(create_series::__path_create_series, create_series::create_series::<P, A>)
        .add(list_series::__path_list_series, list_series::list_series::<P, A>)
        .add(get_series::__path_get_series, get_series::get_series::<P, A>)
        .add(stop_series::__path_stop_series, stop_series::stop_series::<P, A>)
        .add(get_job::__path_get_job, get_job::get_job::<P, A>)
        .add(get_workspace::__path_get_workspace, get_workspace::get_workspace::<P, A>)
        .add(put_workspace::__path_put_workspace, put_workspace::put_workspace::<P, A>)
        .add(
            list_notifications::__path_list_notifications,
            list_notifications::list_notifications::<P, A>,
        )
        .add(
            read_notifications::__path_read_notifications,
            read_notifications::read_notifications::<P, A>,
        )
}

fn posts_routes<P: PublishTo, A: Announcer, D: Descriptions>() -> Routes<Desk<P, A>, D> {
    Routes::new()
        .add(bulk_posts::__path_bulk_posts, bulk_posts::bulk_posts::<P, A>)
        .add(approve_post::__path_approve_post, approve_post::approve_post::<P, A>)
        .add(reject_post::__path_reject_post, reject_post::reject_post::<P, A>)
        .add(create_post::__path_create_post, create_post::create_post::<P, A>)
        .add(list_posts::__path_list_posts, list_posts::list_posts::<P, A>)
        .add(get_post::__path_get_post, get_post::get_post::<P, A>)
        .add(edit_post::__path_edit_post, edit_post::edit_post::<P, A>)
        .add(delete_post::__path_delete_post, delete_post::delete_post::<P, A>)
        .add(cancel_post::__path_cancel_post, cancel_post::cancel_post::<P, A>)
        .add(publish_now::__path_publish_now, publish_now::publish_now::<P, A>)
        .add(retry_post::__path_retry_post, retry_post::retry_post::<P, A>)
        .add(confirm_delivery::__path_confirm_delivery, confirm_delivery::confirm_delivery::<P, A>)
        .add(send_again::__path_send_again, send_again::send_again::<P, A>)
        .add(
            reconnect_account::__path_reconnect_account,
            reconnect_account::reconnect_account::<P, A>,
        )
        .add(get_account::__path_get_account, get_account::get_account::<P, A>)
        .add(begin_connect::__path_begin_connect, begin_connect::begin_connect::<P, A>)
        .add(finish_connect::__path_finish_connect, finish_connect::finish_connect::<P, A>)
        .add(connect_account::__path_connect_account, connect_account::connect_account::<P, A>)
        .add(list_accounts::__path_list_accounts, list_accounts::list_accounts::<P, A>)
        .add(
            disconnect_account::__path_disconnect_account,
            disconnect_account::disconnect_account::<P, A>,
        )
}

/// What schedulers outside call.
pub(crate) fn scheduler_routes<P: PublishTo, A: Announcer, D: Descriptions>()
-> Routes<Desk<P, A>, D> {
    Routes::new().add(publish_due::__path_publish_due, publish_due::publish_due::<P, A>)
}

/// The user in the words of posts. Workspaces whose id cannot own anything are left out.
fn caller(user: &User) -> Result<Caller, Problem> {
    let user_id = UserId::parse(user.id.as_str()).map_err(|error| {
        let message = format!("Your user id cannot own posts: {error}");
        Problem::new(axum::http::StatusCode::FORBIDDEN, "user_id_unusable", message)
    })?;
    let workspaces = user.workspaces.iter();
    let workspaces = workspaces.filter_map(|it| WorkspaceId::parse(it.id.as_str()).ok());
    Ok(Caller { user_id, workspaces: workspaces.collect() })
}
