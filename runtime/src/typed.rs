//! A call that nothing but custom parameters can be added to, and that knows what its result is.

use std::fmt;
use std::marker::PhantomData;

use serde_json::Value;

use crate::output::FromResult;
use crate::{Call, Client, Request, Sending};

/// A call whose result is read as `T`. Methods without optional parameters give one; the others have types of their own,
/// with a setter for each.
///
/// ```
/// use bitrix24_runtime::{Call, Id, Request, TypedCall};
///
/// let add: TypedCall<Id> = Call::named("my.own.add").param("NAME", "Oleg").typed();
/// assert_eq!(add.into_call().params()["NAME"], "Oleg");
/// ```
#[must_use = "a call does nothing until it is sent"]
pub struct TypedCall<T> {
    call: Call,
    result: PhantomData<fn() -> T>,
}

impl<T> TypedCall<T> {
    pub(crate) fn new(call: Call) -> Self {
        Self { call, result: PhantomData }
    }

    /// Sets any parameter, such as a custom field.
    pub fn param(self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::new(self.call.param(key, value))
    }
}

impl<T: FromResult> TypedCall<T> {
    /// Sends the call.
    pub fn send(self, client: &Client) -> Sending<'_, T> {
        self.call.send_as(client)
    }
}

impl<T: FromResult> Request for TypedCall<T> {
    type Output = T;

    fn into_call(self) -> Call {
        self.call
    }
}

impl<T> Clone for TypedCall<T> {
    fn clone(&self) -> Self {
        Self::new(self.call.clone())
    }
}

impl<T> fmt::Debug for TypedCall<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TypedCall").field(&self.call).finish()
    }
}
