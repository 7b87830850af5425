//! Events as rows: JSON in between.

use std::sync::Arc;

use channels::Recorded;
use protocol::{EventName, Serial, UserId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::Error;

#[derive(Serialize, Deserialize)]
struct Kept {
    event: String,
    data: Option<Box<RawValue>>,
    user_id: Option<UserId>,
    serial: Option<Serial>,
}

/// An event as text.
pub(crate) fn write(event: &Recorded) -> Result<String, Error> {
    let kept = Kept {
        event: event.event.as_str().to_owned(),
        data: event.data.as_deref().map(ToOwned::to_owned),
        user_id: event.user_id.clone(),
        serial: event.serial,
    };
    Ok(serde_json::to_string(&kept)?)
}

/// Reads an event; nothing if its name is none.
pub(crate) fn read(text: &str) -> Result<Option<Recorded>, Error> {
    let Kept { event, data, user_id, serial } = serde_json::from_str(text)?;
    let Ok(event) = EventName::parse(&event) else { return Ok(None) };
    Ok(Some(Recorded { serial, event, data: data.map(Arc::from), user_id }))
}
