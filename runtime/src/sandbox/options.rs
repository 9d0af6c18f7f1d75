//! How a portal behaves beyond its data: delays, limits, faults, and changes between requests. The same structure is set
//! in Rust, by the flags of `oint sandbox`, and as JSON at the control endpoint.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The behaviour of a portal. Everything is off at first: answers come at once, without limits or faults.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Where all chance comes from: the same seed and the same requests in the same order meet the same fate.
    pub seed: u64,
    /// How long each answer takes.
    #[serde(rename = "latency_ms", with = "milliseconds")]
    pub latency: Duration,
    /// How much longer an answer may take, at random.
    #[serde(rename = "jitter_ms", with = "milliseconds")]
    pub jitter: Duration,
    /// How long each command of a batch takes on top.
    #[serde(rename = "command_latency_ms", with = "milliseconds")]
    pub command_latency: Duration,
    /// The limit of requests, one bucket for each source address.
    pub bucket: Option<Bucket>,
    /// The limit of run time a method.
    pub operating: Operating,
    /// How long access tokens live that are given out from now on.
    #[serde(rename = "token_life_s", with = "seconds")]
    pub token_life: Option<Duration>,
    /// What goes wrong. The first one that applies to a request decides.
    pub faults: Vec<Fault>,
    /// What changes in the data behind the caller's back.
    pub mutations: Vec<Mutation>,
}

/// A leaky bucket: each request raises its level by one, time lowers it, and above the brim requests are refused with
/// 503 `QUERY_LIMIT_EXCEEDED`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// How far the level falls in a second.
    pub rate: f64,
    /// The brim.
    pub burst: f64,
    /// The level that a source address starts with; nothing if not set.
    #[serde(default)]
    pub level: f64,
}

impl Bucket {
    /// The limits of all plans but Enterprise.
    pub const STANDARD: Self = Self { rate: 2.0, burst: 50.0, level: 0.0 };
    /// The limits of the Enterprise plan.
    pub const ENTERPRISE: Self = Self { rate: 5.0, burst: 250.0, level: 0.0 };
}

/// The run time that methods are charged with. A method that has used up its allowance within the window is refused with 429
/// `OPERATION_TIME_LIMIT` until the oldest tenth of the window drops out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Operating {
    /// Seconds that a method may run within the window; none: no limit.
    pub limit: Option<f64>,
    /// Seconds that each call is charged with.
    pub cost: f64,
    /// Other costs, by method.
    pub costs: std::collections::BTreeMap<String, f64>,
    /// The window in seconds: ten minutes, as with the real portal, if not set.
    pub window: u64,
}

impl Default for Operating {
    fn default() -> Self {
        Self { limit: None, cost: 0.0, costs: std::collections::BTreeMap::new(), window: 600 }
    }
}

/// Which requests something happens to. Nothing set: to all of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Trigger {
    /// The method of the request, such as `crm.deal.add`; `crm.*` takes all that begin so. Commands inside a batch do
    /// not count: their request is `batch`.
    pub method: Option<String>,
    /// The numbers of the requests of that method, counted from 1 since the trigger was set.
    pub at: Vec<u64>,
    /// Every so many-th request.
    pub every: Option<u64>,
    /// The share of requests, 0 to 1, at random.
    pub rate: Option<f64>,
    /// How often at most.
    pub times: Option<u64>,
}

/// Something that goes wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// Which requests it happens to.
    #[serde(flatten)]
    pub trigger: Trigger,
    /// What happens.
    #[serde(flatten)]
    pub kind: FaultKind,
}

/// What can go wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum FaultKind {
    /// 503 `QUERY_LIMIT_EXCEEDED`; the call is not carried out.
    QueryLimit,
    /// 429 `OPERATION_TIME_LIMIT`; the call is not carried out.
    OperationLimit,
    /// 401 `expired_token`, whoever asks; the call is not carried out.
    ExpiredToken,
    /// Any error in the portal's form; the call is not carried out.
    Error {
        /// The HTTP status; 500 if not set.
        #[serde(default = "internal_error")]
        status: u16,
        /// The code; `INTERNAL_SERVER_ERROR` if not set.
        #[serde(default = "internal_error_code")]
        code: String,
    },
    /// A web page in place of JSON, as proxies send it.
    Html {
        /// The HTTP status; 502 if not set.
        #[serde(default = "bad_gateway")]
        status: u16,
        /// Whether the call is carried out nevertheless.
        #[serde(default)]
        committed: bool,
    },
    /// A redirect to another address, as a portal sends it that has moved; the call is not carried out.
    Redirect {
        /// The address; the request's path is put behind it.
        location: String,
    },
    /// The connection is reset without an answer.
    Reset {
        /// Whether the call is carried out nevertheless.
        #[serde(default)]
        committed: bool,
    },
    /// The connection is closed without an answer.
    Close {
        /// Whether the call is carried out nevertheless.
        #[serde(default)]
        committed: bool,
    },
    /// The call is carried out, then nothing comes until the connection is closed.
    Hang {
        /// How long the silence lasts, in milliseconds.
        #[serde(default = "half_a_minute")]
        ms: u64,
    },
    /// The call is carried out, and the connection ends amid the answer.
    Truncated,
    /// The call is carried out, and half of the JSON comes, with a length that fits the half.
    HalfJson,
    /// The call is carried out, and the answer comes in drops.
    Drip {
        /// Bytes a drop.
        #[serde(default = "drop_of_bytes")]
        bytes: usize,
        /// Milliseconds between drops.
        #[serde(default = "drop_pause")]
        ms: u64,
    },
    /// The commands of a batch with these numbers, counted from 1, are refused; the others are carried out.
    Commands {
        /// The numbers.
        commands: Vec<usize>,
        /// The code; `OPERATION_TIME_LIMIT` if not set.
        #[serde(default = "operation_limit_code")]
        code: String,
    },
}

fn internal_error() -> u16 {
    500
}
fn internal_error_code() -> String {
    "INTERNAL_SERVER_ERROR".into()
}
fn operation_limit_code() -> String {
    "OPERATION_TIME_LIMIT".into()
}
fn bad_gateway() -> u16 {
    502
}
fn half_a_minute() -> u64 {
    30_000
}
fn drop_of_bytes() -> usize {
    16
}
fn drop_pause() -> u64 {
    20
}

impl Fault {
    /// A fault that happens to every request.
    pub fn new(kind: FaultKind) -> Self {
        Self { trigger: Trigger::default(), kind }
    }

    /// Only to requests of this method; `crm.*` takes all that begin so.
    #[must_use]
    pub fn on(mut self, method: impl Into<String>) -> Self {
        self.trigger.method = Some(method.into());
        self
    }

    /// Only to the requests with these numbers, counted from 1 since the fault was set.
    #[must_use]
    pub fn at(mut self, numbers: impl IntoIterator<Item = u64>) -> Self {
        self.trigger.at = numbers.into_iter().collect();
        self
    }

    /// Only to every so many-th request.
    #[must_use]
    pub fn every(mut self, step: u64) -> Self {
        self.trigger.every = Some(step);
        self
    }

    /// Only to this share of the requests, 0 to 1, at random.
    #[must_use]
    pub fn rate(mut self, share: f64) -> Self {
        self.trigger.rate = Some(share);
        self
    }

    /// At most so many times.
    #[must_use]
    pub fn times(mut self, most: u64) -> Self {
        self.trigger.times = Some(most);
        self
    }
}

/// A fault from `kind`, or `kind:key=value,key=value`, as the flag `--fault` takes it; lists have `+` between items.
impl std::str::FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, settings) = text.split_once(':').unwrap_or((text, ""));
        let mut json = crate::value::Object::new();
        json.insert("kind".into(), kind.into());
        for setting in settings.split(',').filter(|setting| !setting.is_empty()) {
            let (key, value) =
                setting.split_once('=').ok_or_else(|| format!("`{setting}` has no value; write `{setting}=…`"))?;
            let scalar = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_else(|_| text.into());
            let value = match key {
                "at" | "commands" => value.split('+').map(scalar).collect(),
                "method" | "code" | "location" => value.into(),
                _ => scalar(value),
            };
            json.insert(key.to_owned(), value);
        }
        check_keys(&json)?;
        serde_json::from_value(json.into()).map_err(|error| error.to_string())
    }
}

/// The keys that a fault may have; the flattened structures let any key pass by themselves.
const FAULT_KEYS: &[&str] = &[
    "kind",
    "method",
    "at",
    "every",
    "rate",
    "times",
    "status",
    "code",
    "committed",
    "location",
    "ms",
    "bytes",
    "commands",
];

fn check_keys(fault: &crate::value::Object) -> Result<(), String> {
    match fault.keys().find(|key| !FAULT_KEYS.contains(&key.as_str())) {
        Some(key) => Err(format!("a fault has no `{key}`; it has {}", FAULT_KEYS.join(", "))),
        None => Ok(()),
    }
}

/// A change of the data just before a request is carried out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Mutation {
    /// Before which requests.
    #[serde(flatten)]
    pub trigger: Trigger,
    /// The records concerned, such as `crm.deal`.
    pub collection: String,
    /// So many of the oldest records vanish.
    #[serde(default)]
    pub delete_first: usize,
    /// So many of the newest records vanish.
    #[serde(default)]
    pub delete_last: usize,
    /// So many new ones come.
    #[serde(default)]
    pub add: usize,
}

impl Options {
    /// Takes over the keys of a JSON object and leaves the others as they are. Faults and mutations are counted anew when
    /// they are set.
    ///
    /// # Errors
    /// What is wrong with the object.
    pub fn merge(&mut self, changes: &Value) -> Result<(), String> {
        let Value::Object(changes) = changes else {
            return Err("the options must be a JSON object".into());
        };
        for fault in changes.get("faults").and_then(Value::as_array).into_iter().flatten() {
            check_keys(fault.as_object().ok_or("a fault must be a JSON object")?)?;
        }
        let Ok(Value::Object(mut all)) = serde_json::to_value(&*self) else {
            return Err("the options cannot be read".into());
        };
        all.extend(changes.clone());
        *self = serde_json::from_value(all.into()).map_err(|error| error.to_string())?;
        Ok(())
    }
}

/// Durations as whole milliseconds.
mod milliseconds {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}

/// Durations as seconds, or none.
mod seconds {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        time.map(|time| time.as_secs()).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(deserializer)?.map(Duration::from_secs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_fault_is_written_on_the_command_line() {
        assert_eq!("truncated".parse(), Ok(Fault::new(FaultKind::Truncated)));
        assert_eq!(
            "reset:method=crm.deal.add,at=2+5,committed=true".parse(),
            Ok(Fault::new(FaultKind::Reset { committed: true }).on("crm.deal.add").at([2, 5]))
        );
        assert_eq!(
            "error:status=500,code=X,rate=0.5".parse(),
            Ok(Fault::new(FaultKind::Error { status: 500, code: "X".into() }).rate(0.5))
        );
        for wrong in ["", "nothing", "reset:at", "reset:at=x", "reset:when=2", "hang:ms=-1"] {
            assert!(wrong.parse::<Fault>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn options_are_merged_and_checked() {
        let mut options = Options { seed: 7, ..Options::default() };
        options
            .merge(&json!({
                "latency_ms": 80, "bucket": {"rate": 2, "burst": 50}, "token_life_s": 60,
                "faults": [{"kind": "hang", "every": 3}],
                "mutations": [{"method": "batch", "at": [2], "collection": "crm.deal", "delete_first": 7}],
            }))
            .expect("they are right");
        assert_eq!(
            (options.seed, options.latency, options.bucket),
            (7, Duration::from_millis(80), Some(Bucket::STANDARD))
        );
        assert_eq!(options.faults, [Fault::new(FaultKind::Hang { ms: 30_000 }).every(3)]);
        let before = options.clone();
        for wrong in
            [json!([]), json!({"latency": 3}), json!({"faults": [{"kind": "hang", "evry": 3}]}), json!({"faults": {}})]
        {
            assert!(options.merge(&wrong).is_err(), "{wrong}");
        }
        assert_eq!(options, before);
    }
}
