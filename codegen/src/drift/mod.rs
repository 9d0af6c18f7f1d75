//! Compares the specs with what is said of the API elsewhere: a file of facts, or a portal.

mod compare;
mod exceptions;
mod facts;
mod openapi;
mod report;

pub use compare::{Difference, Kind, compare};
pub use exceptions::{Exceptions, read as exceptions};
pub use facts::{Covers, Fact, FactParam, Facts};
pub use openapi::facts as openapi_facts;
pub use report::{json, text};
