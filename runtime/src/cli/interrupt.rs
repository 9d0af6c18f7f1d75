//! The wish of somebody outside that the process ends: Ctrl-C, or SIGTERM, which `timeout`, service managers and containers send.

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
#[cfg(windows)]
use tokio::signal::windows::{CtrlC, ctrl_c};

/// Hears the wish from its making on, within a runtime. What the system does not let it listen to ends the process as ever.
pub(crate) struct Interrupt {
    #[cfg(unix)]
    signals: [Option<Signal>; 2],
    #[cfg(windows)]
    ctrl_c: Option<CtrlC>,
}

impl Interrupt {
    #[cfg(unix)]
    pub(crate) fn listen() -> Self {
        Self { signals: [SignalKind::interrupt(), SignalKind::terminate()].map(|kind| signal(kind).ok()) }
    }

    #[cfg(windows)]
    pub(crate) fn listen() -> Self {
        Self { ctrl_c: ctrl_c().ok() }
    }

    /// Waits for the next one.
    #[cfg(unix)]
    pub(crate) async fn next(&mut self) {
        let [interrupt, terminate] = &mut self.signals;
        tokio::select! {
            () = heard(interrupt) => {}
            () = heard(terminate) => {}
        }
    }

    /// Waits for the next one.
    #[cfg(windows)]
    pub(crate) async fn next(&mut self) {
        let heard = match &mut self.ctrl_c {
            Some(ctrl_c) => ctrl_c.recv().await,
            None => None,
        };
        if heard.is_none() {
            std::future::pending().await
        }
    }
}

#[cfg(unix)]
async fn heard(signal: &mut Option<Signal>) {
    let heard = match signal {
        Some(signal) => signal.recv().await,
        None => None,
    };
    if heard.is_none() {
        std::future::pending().await
    }
}
