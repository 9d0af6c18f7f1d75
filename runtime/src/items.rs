//! What every generated type has in common, as macros: written once, parsed a thousand times less.

/// What a call has besides its setters: `request!(Update -> bool)`; for a list `request!(List -> Page<User>, all User)`.
#[doc(hidden)]
#[macro_export]
macro_rules! request {
    ($call:ident -> $output:ty $(, all $record:ty)?) => {
        #[allow(deprecated)]
        impl $call {
            /// Sets any other parameter, such as a custom field.
            #[inline]
            pub fn param(self, key: impl Into<String>, value: impl Into<$crate::Value>) -> Self {
                Self(self.0.param(key, value))
            }

            /// Sends the call.
            #[inline]
            pub fn send(self, client: &$crate::Client) -> $crate::Sending<'_, $output> {
                self.0.send_as(client)
            }

            $(
                /// The records of all pages, one after the other.
                #[inline]
                pub fn stream(self, client: &$crate::Client) -> $crate::Records<$record> {
                    self.0.stream_as(client)
                }

                /// All pages, one after the other.
                #[inline]
                pub fn pages(self, client: &$crate::Client) -> $crate::Pages<$record> {
                    self.0.pages_as(client)
                }

                /// The records of all pages at once.
                #[inline]
                pub fn all(self, client: &$crate::Client) -> $crate::paging::All<$record> {
                    self.0.all_as(client)
                }
            )?
        }

        #[allow(deprecated)]
        impl $crate::Request for $call {
            type Output = $output;

            #[inline]
            fn into_call(self) -> $crate::Call {
                self.0
            }
        }
    };
}

/// What a view of a record has besides the getters and setters of its fields.
#[doc(hidden)]
#[macro_export]
macro_rules! view {
    ($view:ident) => {
        impl $view {
            /// One without any field.
            pub fn new() -> Self {
                // A field may be called `default`.
                <Self as ::std::default::Default>::default()
            }

            /// A field by its documented key, known or not.
            pub fn get(&self, key: &str) -> Option<&$crate::Value> {
                self.0.get(key)
            }

            /// Sets a field by its documented key, such as a custom field.
            #[must_use]
            pub fn set(mut self, key: impl Into<String>, value: impl Into<$crate::Value>) -> Self {
                self.0.insert(key.into(), value.into());
                self
            }

            /// All fields.
            pub fn as_object(&self) -> &$crate::Object {
                &self.0
            }
        }

        impl ::std::convert::From<$crate::Object> for $view {
            fn from(fields: $crate::Object) -> Self {
                Self(fields)
            }
        }

        impl ::std::convert::From<$view> for $crate::Value {
            fn from(view: $view) -> Self {
                $crate::Value::Object(view.0)
            }
        }

        impl $crate::output::FromValue for $view {
            fn from_value(value: $crate::Value) -> ::std::result::Result<Self, $crate::output::Mismatch> {
                $crate::Object::from_value(value).map(Self)
            }
        }
    };
}
