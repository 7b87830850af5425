//! Client events: may this connection speak here, and who hears it?

use std::sync::Arc;

use protocol::{
    ChannelName, ClientEvent, Code, Data, EventName, Fault, Serial, ServerFrame, UserId,
};
use serde_json::value::RawValue;

use crate::recorded::{self, Keep, Recorded};
use crate::{App, Connection, Effect, Hook};

/// A client event whose form is right; whether the sender is subscribed is the store's to say.
#[derive(Debug)]
pub struct Speech {
    /// The channel spoken to.
    pub channel: ChannelName,
    event: EventName,
    data: Option<Arc<RawValue>>,
}

/// What the store says of a sender.
#[derive(Debug, PartialEq, Eq)]
pub enum Spoken {
    /// It may speak; on presence channels as this user.
    May(Option<UserId>),
    /// It is not subscribed.
    NotSubscribed,
    /// It sends faster than its app allows.
    TooFast,
}

/// Checks the app's switch, the names, the kind of channel and the size of the data.
///
/// # Errors
/// A note: the event is dropped and the connection goes on.
pub fn check(app: &App, event: ClientEvent) -> Result<Speech, Fault> {
    if !app.client_events {
        return Err(Fault::note("Client events are not enabled for this app"));
    }
    let name = EventName::parse(&event.event).map_err(|e| Fault::note(e.to_string()))?;
    let channel = ChannelName::parse(&event.channel).map_err(|e| Fault::note(e.to_string()))?;
    if !channel.kind().takes_client_events() {
        return Err(Fault::note(
            "Client event rejected - only supported on private and presence channels",
        ));
    }
    let most = app.limits.event_data_bytes;
    if event.data.as_ref().is_some_and(|raw| raw.get().len() > most) {
        return Err(Fault::note(format!(
            "Client event rejected - the data is too large: at most {most} bytes are allowed"
        )));
    }
    Ok(Speech { channel, event: name, data: event.data.map(Arc::from) })
}

/// Whether the sender may speak.
///
/// # Errors
/// 4301 over the rate; a note when the sender is not subscribed.
pub fn allow(
    connection: &Connection,
    speech: &Speech,
    spoken: Spoken,
) -> Result<Option<UserId>, Fault> {
    match spoken {
        Spoken::May(user_id) => Ok(user_id),
        Spoken::NotSubscribed => Err(Fault::note(format!(
            "Cannot broadcast client event (connection not subscribed to channel {})",
            speech.channel
        ))),
        Spoken::TooFast => {
            let most = connection.app.limits.client_events_per_second;
            Err(Fault::new(
                Code::ClientEventRate,
                format!("Client event dropped: at most {most} per second are allowed"),
            ))
        }
    }
}

/// What the channel's history is to remember of it; a cache never holds client events.
pub fn keep(app: &App, speech: &Speech, user_id: Option<&UserId>) -> Option<Keep> {
    recorded::keep(app, &speech.channel, false, || Recorded {
        serial: None,
        event: speech.event.clone(),
        data: speech.data.clone(),
        user_id: user_id.cloned(),
    })
}

/// Delivers to all other subscribers, and to the application's server.
pub fn deliver(
    connection: &Connection,
    speech: Speech,
    user_id: Option<UserId>,
    serial: Option<Serial>,
) -> Vec<Effect> {
    let frame = ServerFrame::Event {
        channel: &speech.channel,
        event: speech.event.as_str(),
        data: speech.data.as_deref().map(Data::Json),
        user_id: user_id.as_ref(),
        serial,
    };
    let app = connection.app.id.clone();
    let mut effects = vec![Effect::Broadcast {
        app: app.clone(),
        channel: speech.channel.clone(),
        frame: frame.encode(),
        except: Some(connection.socket_id),
    }];
    if connection.app.hooks {
        let hook = Hook::ClientEvent {
            channel: speech.channel,
            event: speech.event,
            data: speech.data.as_deref().map_or_else(String::new, text),
            socket_id: connection.socket_id,
            user_id,
        };
        effects.push(Effect::Hook { app, hook });
    }
    effects
}

/// Webhooks carry data as text: what a string holds, and any other JSON as it was written.
fn text(data: &RawValue) -> String {
    serde_json::from_str(data.get()).unwrap_or_else(|_| data.get().to_owned())
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use protocol::ClientFrame;

    use super::*;
    use crate::testing::{app, connection};

    fn check_with(app: &App, text: &str, spoken: Spoken, expected: Expect) {
        let Ok(ClientFrame::Event(event)) = ClientFrame::parse(text) else { panic!("{text}") };
        let c1 = Connection { app: Arc::new(app.clone()), ..connection("c1") };
        let effects = check(app, event).and_then(|speech| {
            let user_id = allow(&c1, &speech, spoken)?;
            Ok(deliver(&c1, speech, user_id, None))
        });
        let shown = match effects {
            Ok(effects) => effects.iter().map(|e| format!("{e:?}")).collect::<String>(),
            Err(fault) => format!("{:?} {}", fault.code.map(Code::number), fault.message),
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn the_rules() {
        let on = app();
        let off = App { client_events: false, ..app() };
        let text = r#"{"event":"client-a","channel":"private-x","data":{"k":1},"user_id":"me"}"#;
        check_with(
            &on,
            text,
            Spoken::May(None),
            expect![[
                r#"broadcast 1001/private-x except 1234.5678: {"event":"client-a","channel":"private-x","data":{"k":1}}"#
            ]],
        );
        check_with(
            &on,
            r#"{"event":"client-a","channel":"presence-x","data":"s"}"#,
            Spoken::May(Some(UserId::new("7"))),
            expect![[
                r#"broadcast 1001/presence-x except 1234.5678: {"event":"client-a","channel":"presence-x","data":"s","user_id":"7"}"#
            ]],
        );
        check_with(
            &off,
            text,
            Spoken::May(None),
            expect!["None Client events are not enabled for this app"],
        );
        check_with(
            &on,
            text,
            Spoken::NotSubscribed,
            expect![
                "None Cannot broadcast client event (connection not subscribed to channel private-x)"
            ],
        );
        check_with(
            &on,
            text,
            Spoken::TooFast,
            expect!["Some(4301) Client event dropped: at most 10 per second are allowed"],
        );
        for channel in ["news", "private-encrypted-x", "#server-to-user-7"] {
            check_with(
                &on,
                &format!(r#"{{"event":"client-a","channel":"{channel}"}}"#),
                Spoken::May(None),
                expect![
                    "None Client event rejected - only supported on private and presence channels"
                ],
            );
        }
    }

    #[test]
    fn the_applications_server_gets_text() {
        let hooked = App { hooks: true, ..app() };
        for (data, text) in [(r#"{"k": 1}"#, r#"{"k": 1}"#), (r#""a\nb""#, "a\nb"), ("7", "7")] {
            let frame = format!(r#"{{"event":"client-a","channel":"private-x","data":{data}}}"#);
            let Ok(ClientFrame::Event(event)) = ClientFrame::parse(&frame) else { panic!() };
            let speech = check(&hooked, event).unwrap();
            let c1 = Connection { app: Arc::new(hooked.clone()), ..connection("c1") };
            let effects = deliver(&c1, speech, None, None);
            let Effect::Hook { hook: Hook::ClientEvent { data, socket_id, .. }, .. } = &effects[1]
            else {
                panic!("{effects:?}")
            };
            assert_eq!((data.as_str(), *socket_id), (text, c1.socket_id));
        }
    }

    #[test]
    fn data_and_names_are_bounded() {
        let big = format!(
            r#"{{"event":"client-a","channel":"private-x","data":"{}"}}"#,
            "a".repeat(10_240)
        );
        check_with(
            &app(),
            &big,
            Spoken::May(None),
            expect![
                "None Client event rejected - the data is too large: at most 10240 bytes are allowed"
            ],
        );
        let long = format!(r#"{{"event":"client-{}","channel":"private-x"}}"#, "a".repeat(200));
        check_with(
            &app(),
            &long,
            Spoken::May(None),
            expect!["None Event name too long: at most 200 characters are allowed"],
        );
    }
}
