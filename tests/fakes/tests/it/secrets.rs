//! No secret is shown, whatever goes wrong.

use fakes::Fault;
use posts::PublishTo;

use crate::setting::{ALL, Setting};

#[tokio::test]
async fn no_answer_and_no_debug_shows_a_secret() {
    for (name, kind) in ALL {
        for fault in [
            Fault::Nothing,
            Fault::Unauthorized,
            Fault::Invalid,
            Fault::RateLimited,
            Fault::ErrorBefore,
            Fault::CloseAfter,
            Fault::Redirect(307),
        ] {
            let setting = Setting::new(name, kind, "Secret").await;
            let state = setting.prepare().await.unwrap();
            setting.fake.play([fault]);
            let request = setting.request(1, state.as_deref());
            let answer = setting.platforms.publish(request).await;
            let shown = format!("{answer:?} {request:?} {:?} {state:?}", setting.platforms);
            for secret in ["good-token", "goodtoken", "whsec_", "client-secret", "app-secret"] {
                assert!(!shown.contains(secret), "{name} {fault:?} shows {secret}: {shown}");
            }
        }
    }
}
