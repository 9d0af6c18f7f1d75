//! What every generated type has in common, as macros: written once, parsed a thousand times less. Clone and the like are spelt
//! out, too, which costs the compiler less than deriving them.

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
        impl ::std::clone::Clone for $call {
            #[inline]
            fn clone(&self) -> Self {
                Self(self.0.clone())
            }
        }

        #[allow(deprecated)]
        impl ::std::fmt::Debug for $call {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                $crate::view::debug(f, stringify!($call), &self.0)
            }
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
                Self($crate::Object::new())
            }

            /// A field by its documented key, known or not.
            pub fn get(&self, key: &str) -> Option<&$crate::Value> {
                $crate::view::any(&self.0, key)
            }

            /// Sets a field by its documented key, such as a custom field.
            #[must_use]
            pub fn set(self, key: &str, value: impl Into<$crate::Value>) -> Self {
                Self($crate::set::field::any(self.0, key, value))
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

        impl ::std::clone::Clone for $view {
            fn clone(&self) -> Self {
                Self(self.0.clone())
            }
        }

        impl ::std::fmt::Debug for $view {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                $crate::view::debug(f, stringify!($view), &self.0)
            }
        }

        impl ::std::default::Default for $view {
            fn default() -> Self {
                Self::new()
            }
        }

        impl ::std::cmp::PartialEq for $view {
            fn eq(&self, other: &Self) -> bool {
                self.0 == other.0
            }
        }

        impl $crate::View for $view {}
    };
}
