//! A store that is cut off at a chosen write: to the process that uses it, as if it were killed there.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::{
    AfterDeserializationInterceptorContextRef, BeforeSerializationInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::{
    batch_get_item::BatchGetItemInput, get_item::GetItemInput, query::QueryInput,
};

/// Where the process stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Before its n-th write: what it did since the one before is done, and not stored.
    Before(usize),
    /// After its n-th write: it is stored, and nothing that follows is done.
    After(usize),
}

/// The switch, off until it begins.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cut(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    at: Option<Stop>,
    begun: bool,
    writes: usize,
    dead: bool,
}

impl Cut {
    /// A client whose requests pass here.
    pub(crate) fn on(&self, client: &Client) -> Client {
        Client::from_conf(client.config().to_builder().interceptor(self.clone()).build())
    }

    /// Says where to stop.
    pub(crate) fn at(&self, stop: Stop) {
        self.0.lock().unwrap().at = Some(stop);
    }

    /// Counts from now on.
    pub(crate) fn begin(&self) {
        self.0.lock().unwrap().begun = true;
    }

    /// Whether it stopped.
    pub(crate) fn end(&self) -> bool {
        self.0.lock().unwrap().dead
    }
}

impl Intercept for Cut {
    fn name(&self) -> &'static str {
        "Cut"
    }

    fn read_before_serialization(
        &self,
        context: &BeforeSerializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let mut state = self.0.lock().unwrap();
        let input = context.input();
        let reads = input.downcast_ref::<GetItemInput>().is_some()
            || input.downcast_ref::<QueryInput>().is_some()
            || input.downcast_ref::<BatchGetItemInput>().is_some();
        if state.begun && !reads && !state.dead {
            state.writes += 1;
            state.dead = state.at == Some(Stop::Before(state.writes));
        }
        if state.dead { Err("the process was stopped".into()) } else { Ok(()) }
    }

    fn read_after_deserialization(
        &self,
        _: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let mut state = self.0.lock().unwrap();
        // Writes may overlap: the answer of one that came before is lost, too.
        state.dead |= matches!(state.at, Some(Stop::After(n)) if state.begun && state.writes >= n);
        if state.dead { Err("the process was stopped".into()) } else { Ok(()) }
    }
}
