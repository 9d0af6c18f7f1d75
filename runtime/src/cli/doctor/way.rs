//! The way to the portal: name, connection, TLS, clock.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::time::{Duration, Instant, SystemTime};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::{Report, SKEW, Verdict};
use crate::address::Address;
use crate::cli::exit::Exit;

/// What was found out about the way.
pub(super) struct Way {
    pub(super) report: Report,
    /// Whether the portal was reached.
    pub(super) is_open: bool,
}

/// The portal's addresses; none where a proxy looks them up. An error where there are none: what follows has no sense then.
pub(super) async fn addresses(
    address: &Address,
    patience: Duration,
    report: &mut Report,
) -> Result<Option<Vec<SocketAddr>>, ()> {
    if let Some(proxy) = proxy(is_https(address)) {
        report.add("network", Verdict::Skip, format!("{proxy} names a proxy, which finds the portal itself"));
        return Ok(None);
    }
    resolve(address, patience, report).await.map(Some)
}

/// Connects, and looks at certificate and clock, both at once.
pub(super) async fn look(address: &Address, found: Option<&[SocketAddr]>, patience: Duration) -> Way {
    let mut report = Report::default();
    let since = SystemTime::now();
    let (connected, asked) = tokio::join!(
        async {
            match found {
                Some(found) => Some(connect(found, patience).await),
                None => None,
            }
        },
        head(address.origin(), patience)
    );
    match connected {
        Some(Ok(text)) => report.add("network", Verdict::Ok, text),
        Some(Err(reason)) => {
            report.mend(
                "network",
                Verdict::Fail(Exit::Network),
                format!("no connection to {reason}"),
                "is the portal up, and does a firewall let this machine out? A proxy is named in HTTPS_PROXY",
            );
            return Way { report, is_open: false };
        }
        None => {}
    }
    let is_open = encryption(address, &asked, &mut report);
    if let Ok(time) = asked {
        clock(time, since, &mut report);
    }
    Way { report, is_open }
}

fn is_https(address: &Address) -> bool {
    address.origin().starts_with("https:")
}

/// Whether nobody can listen on the way; false where the portal does not answer at all.
fn encryption(address: &Address, asked: &Result<Option<SystemTime>, String>, report: &mut Report) -> bool {
    match (asked, is_https(address)) {
        (Ok(_), true) => report.add("tls", Verdict::Ok, "the certificate is trusted"),
        (Ok(_), false) if address.is_loopback() => {
            report.add("tls", Verdict::Skip, "plain http, which does not leave this machine");
        }
        (Ok(_), false) => report.mend(
            "tls",
            Verdict::Warn,
            "plain http: anybody on the way can read the secrets",
            "use the portal's https address",
        ),
        (Err(reason), true) => report.mend(
            "tls",
            Verdict::Fail(Exit::Network),
            format!("no encrypted connection: {reason}"),
            "a certificate that is not trusted: a proxy of your company may be in between, name its authority in SSL_CERT_FILE; \
             one that has run out or is not valid yet: check this machine's clock",
        ),
        (Err(reason), false) => report.mend(
            "http",
            Verdict::Fail(Exit::Network),
            format!("no answer over http: {reason}"),
            "is it a web server that listens there, and does it want https?",
        ),
    }
    asked.is_ok()
}

/// The variable that names a proxy for the portal. Plain http goes straight to its server.
fn proxy(is_https: bool) -> Option<&'static str> {
    let is_set = |name: &&str| std::env::var(name).is_ok_and(|value| !value.is_empty());
    ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"].into_iter().find(|name| is_https && is_set(name))
}

async fn resolve(address: &Address, patience: Duration, report: &mut Report) -> Result<Vec<SocketAddr>, ()> {
    let host = address.host();
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let place = if has_port { host.to_owned() } else { format!("{host}:{}", if is_https(address) { 443 } else { 80 }) };
    let reason = match tokio::time::timeout(patience, looked_up(place)).await {
        Ok(Ok(found)) => match found.first() {
            Some(first) => {
                let more = if found.len() > 1 { format!(" and {} more", found.len() - 1) } else { String::new() };
                report.add("name", Verdict::Ok, format!("{host} is {}{more}", first.ip()));
                return Ok(found);
            }
            None => "it has no address".to_owned(),
        },
        Ok(Err(error)) => error.to_string(),
        Err(_) => late(patience),
    };
    report.mend(
        "name",
        Verdict::Fail(Exit::Network),
        format!("{host} is not found: {reason}"),
        "check the portal's address for typing errors, then this machine's network and DNS",
    );
    Err(())
}

/// Asks the system for a name on a thread of its own: nothing waits for that thread, which a dead DNS server holds for longer
/// than anybody's patience.
async fn looked_up(place: String) -> std::io::Result<Vec<SocketAddr>> {
    let (told, answer) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        // Whoever has given up hears nothing.
        let _ = told.send(place.to_socket_addrs().map(Iterator::collect));
    });
    answer.await.unwrap_or_else(|_| Err(std::io::Error::other("the system does not answer")))
}

fn late(patience: Duration) -> String {
    format!("no answer within {} s", patience.as_secs_f64())
}

/// Connects to all addresses at once; the first one that answers counts.
async fn connect(found: &[SocketAddr], patience: Duration) -> Result<String, String> {
    let since = Instant::now();
    let mut tries: FuturesUnordered<_> = found
        .iter()
        .map(|address| async move {
            match tokio::time::timeout(patience, tokio::net::TcpStream::connect(address)).await {
                Ok(Ok(_)) => Ok(*address),
                Ok(Err(error)) => Err(format!("{address}: {error}")),
                Err(_) => Err(format!("{address}: {}", late(patience))),
            }
        })
        .collect();
    let mut reason = String::new();
    while let Some(tried) = tries.next().await {
        match tried {
            Ok(address) => return Ok(format!("connected to {address} in {} ms", since.elapsed().as_millis())),
            Err(fault) => reason = fault,
        }
    }
    Err(reason)
}

/// Asks for the head of the portal's start page, without a secret; the server's time, if it tells it.
async fn head(origin: &str, patience: Duration) -> Result<Option<SystemTime>, String> {
    let cause = |error: reqwest::Error| {
        let mut cause: &dyn std::error::Error = &error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        cause.to_string()
    };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut client = reqwest::Client::builder().timeout(patience).redirect(reqwest::redirect::Policy::none());
    if origin.starts_with("http:") {
        client = client.no_proxy();
    }
    let client = client.build().map_err(cause)?;
    let answer = client.head(format!("{origin}/")).send().await.map_err(cause)?;
    let date = answer.headers().get("date").and_then(|date| date.to_str().ok());
    Ok(date.and_then(|date| httpdate::parse_http_date(date).ok()))
}

/// Compares the clocks, as far as the time of the question allows.
fn clock(server: Option<SystemTime>, asked: SystemTime, report: &mut Report) {
    let Some(server) = server else {
        return report.add("clock", Verdict::Skip, "the portal does not tell its time");
    };
    let (skew, direction) = match server.duration_since(asked) {
        Ok(ahead) => (ahead, "behind"),
        Err(behind) => (behind.duration(), "ahead of"),
    };
    if skew < SKEW {
        return report.add("clock", Verdict::Ok, "right, by the portal's");
    }
    report.mend(
        "clock",
        Verdict::Warn,
        format!("this machine's clock is {} s {direction} the portal's", skew.as_secs()),
        "set the clock, best by NTP: certificates and tokens are judged by it",
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_compared() {
        let now = SystemTime::now();
        for (server, expected) in [
            (now, Verdict::Ok),
            (now + Duration::from_secs(3600), Verdict::Warn),
            (now - Duration::from_secs(3600), Verdict::Warn),
        ] {
            let mut report = Report::default();
            clock(Some(server), now, &mut report);
            assert_eq!(report.0[0].verdict, expected);
        }
    }
}
