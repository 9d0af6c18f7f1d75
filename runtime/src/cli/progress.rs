//! What moves on a terminal while `oint` works: the bar of a long command, and how long the portal's limits still hold it
//! up. Nothing of it is drawn where standard error is no terminal.

mod meter;

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::cli::terminal::{self, Stream};
use meter::Meter;

/// A shorter wait is over before anybody has read of it.
const SHORT: Duration = Duration::from_millis(400);
/// How often a running number is drawn.
const TICK: Duration = Duration::from_millis(100);

/// What is drawn at the moment; one for the process, as there is one last line.
static SHOWN: Mutex<Shown> = Mutex::new(Shown { bar: None, until: None });

struct Shown {
    bar: Option<ProgressBar>,
    /// When the wait that is being counted down ends.
    until: Option<Instant>,
}

fn shown() -> MutexGuard<'static, Shown> {
    SHOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The bar of a command; [`clear`] takes it away.
#[derive(Clone)]
pub(crate) struct Bar(Option<Drawn>);

#[derive(Clone)]
struct Drawn {
    bar: ProgressBar,
    meter: Arc<Mutex<Meter>>,
}

impl Bar {
    /// Begins a bar that counts `unit`s, such as records; invisible where there is no terminal.
    pub(crate) fn new(unit: &str) -> Self {
        if !terminal::is_terminal(Stream::Err) {
            return Self(None);
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let meter = Arc::new(Mutex::new(Meter::new(Instant::now())));
        let template = format!("{{spinner}} {{human_pos}} {unit}{{pace}}  {{elapsed}}  {{msg}}");
        bar.set_style(with_pace(style(&template), &meter));
        bar.enable_steady_tick(TICK);
        shown().bar = Some(bar.clone());
        Self(Some(Drawn { bar, meter }))
    }

    /// Whether anybody sees it.
    pub(crate) fn is_visible(&self) -> bool {
        self.0.is_some()
    }

    /// Tells how far the command has come, and of how many, where that is known.
    pub(crate) fn set(&self, done: u64, total: Option<u64>) {
        self.set_behind(0, done, total);
    }

    /// [`Bar::set`] for a command that goes on: what was done `before` it says nothing of how fast it is.
    pub(crate) fn set_behind(&self, before: u64, done: u64, total: Option<u64>) {
        let Some(Drawn { bar, meter }) = &self.0 else { return };
        meter.lock().unwrap_or_else(PoisonError::into_inner).record(done.saturating_sub(before), Instant::now());
        // What was counted behind the records that came already says nothing of all.
        if let Some(total) = total.filter(|total| *total >= done && bar.length() != Some(*total)) {
            bar.set_length(total);
            let width = bar_width(terminal::width_of_progress());
            let template = format!("{{bar:{width}}} {{human_pos}}/{{human_len}}{{pace}}  {{msg}}");
            bar.set_style(with_pace(style(&template), meter));
        }
        bar.set_position(done);
    }

    /// Does something that may write to the terminal, with the bar out of the way.
    pub(crate) fn aside<T>(&self, work: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some(Drawn { bar, .. }) => bar.suspend(work),
            None => work(),
        }
    }
}

/// Does something that writes to the terminal, with whatever is drawn out of the way.
pub(crate) fn aside<T>(work: impl FnOnce() -> T) -> T {
    let bar = shown().bar.clone();
    match bar {
        Some(bar) => bar.suspend(work),
        None => work(),
    }
}

/// How long a bar may be for the numbers behind it to stay on its line.
fn bar_width(columns: usize) -> usize {
    const NUMBERS: usize = 45;
    columns.saturating_sub(NUMBERS).clamp(5, 30)
}

/// A style whose template is known to be one.
fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.progress_chars("━╸─")
}

/// Lets a template show with `{pace}` how fast it goes and, where the end is known, how long it still takes.
fn with_pace(style: ProgressStyle, meter: &Arc<Mutex<Meter>>) -> ProgressStyle {
    let meter = Arc::clone(meter);
    style.with_key("pace", move |state: &ProgressState, text: &mut dyn std::fmt::Write| {
        let rate = meter.lock().unwrap_or_else(PoisonError::into_inner).rate(Instant::now());
        let left = state.len().map(|all| all.saturating_sub(state.pos()));
        let _ = text.write_str(&pace(rate, left));
    })
}

/// The words of a pace; none before it is known.
fn pace(rate: Option<f64>, left: Option<u64>) -> String {
    let Some(rate) = rate else { return String::new() };
    let mut text = format!("  {}", meter::shown(rate));
    if let Some(left) = left.filter(|left| *left > 0) {
        let _ = write!(text, "  {:#} left", HumanDuration(meter::left(left, rate)));
    }
    text
}

/// Takes away whatever is drawn, so that a message can be written.
pub(crate) fn clear() {
    let mut shown = shown();
    shown.until = None;
    if let Some(bar) = shown.bar.take() {
        bar.finish_and_clear();
    }
}

/// Counts down a wait for a limit: at the bar where there is one, on a line of its own otherwise.
pub(crate) fn waiting(reason: String, wait: Duration) {
    if wait < SHORT || !terminal::is_terminal(Stream::Err) {
        return;
    }
    let Some(until) = Instant::now().checked_add(wait) else { return };
    let mut shown = shown();
    let is_counting = shown.until.is_some_and(|known| known > Instant::now());
    shown.until = Some(shown.until.map_or(until, |known| known.max(until)));
    if is_counting {
        return;
    }
    let of_command = shown.bar.clone();
    let is_own = of_command.is_none();
    let bar = of_command.unwrap_or_else(|| {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.set_style(style("{spinner} {msg}"));
        shown.bar = Some(bar.clone());
        bar
    });
    drop(shown);
    std::thread::spawn(move || count_down(&bar, &reason, is_own));
}

fn count_down(bar: &ProgressBar, reason: &str, is_own: bool) {
    loop {
        let left = self::shown().until.map(|until| until.saturating_duration_since(Instant::now()));
        match left.filter(|left| !left.is_zero()) {
            Some(left) if !bar.is_finished() => {
                bar.set_message(format!("{reason}: next call in {:.1} s", left.as_secs_f64()));
                bar.tick();
            }
            _ => break,
        }
        std::thread::sleep(TICK);
    }
    bar.set_message("");
    if is_own {
        clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_told_when_it_is_known() {
        assert_eq!(pace(None, Some(8_000)), "");
        assert_eq!(pace(None, None), "");
        assert_eq!(pace(Some(100.0), Some(8_000)), "  100/s  80s left");
        assert_eq!(pace(Some(2.5), None), "  2.5/s");
        assert_eq!(pace(Some(100.0), Some(0)), "  100/s");
    }
}
