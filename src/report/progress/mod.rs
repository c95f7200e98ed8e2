//! What a person sees while a run works: the front panel drawn in place, or plain lines where nothing can be drawn.
//!
//! ```text
//! Event ─> State ─┬─> Picture ─> Screen   a terminal that is large enough
//!                 └─> lines               everywhere else
//! ```

use std::io::Write;

use self::lines::line;
use self::picture::Picture;
use self::screen::Screen;
use self::state::State;
use super::style::{LABEL, Styled, WARNING};
use super::text::clean;
use crate::locate::Event;

mod lines;
mod picture;
mod screen;
mod state;

/// Follows a run. Draws nothing that has to be undone: the cursor stays visible, and when this is dropped, the
/// picture is taken away, so the report stands alone.
pub struct Progress {
    view: View,
    state: State,
}

enum View {
    Quiet,
    Lines(Box<dyn Write + Send>),
    Drawn(Screen),
}

impl Progress {
    /// Tells nothing.
    #[must_use]
    pub fn quiet() -> Self {
        Progress::with(View::Quiet)
    }

    /// Writes a line for every step and every outcome to `out`.
    #[must_use]
    pub fn lines(out: Box<dyn Write + Send>) -> Self {
        Progress::with(View::Lines(out))
    }

    /// Draws on the terminal that stderr is; writes lines while that is too small.
    #[must_use]
    pub fn drawn(color: bool) -> Self {
        Progress::with(View::Drawn(Screen::stderr(color)))
    }

    fn with(view: View) -> Self {
        Progress {
            view,
            state: State::default(),
        }
    }

    /// Shows what has happened. Where nobody can be shown anything (a closed stderr), the run goes on.
    pub fn show(&mut self, event: &Event<'_>) {
        self.state.take(event);
        match &mut self.view {
            View::Quiet => {}
            View::Lines(out) => {
                if let Some(line) = line(event, &self.state) {
                    writeln!(out, "{}", dressed(event, &line)).ok();
                }
            }
            View::Drawn(screen) => draw(screen, event, &self.state),
        }
    }

    /// Takes the picture away, for a question to the person; the next event brings it back.
    pub fn pause(&mut self) {
        if let View::Drawn(screen) = &mut self.view {
            screen.erase();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.pause();
    }
}

/// Notes and warnings stay above the picture; everything else is in it.
fn draw(screen: &mut Screen, event: &Event<'_>, state: &State) {
    let lasting = matches!(
        event,
        Event::Note(_) | Event::Warning(_) | Event::LinkLost(_)
    );
    let (width, height) = screen.size();
    let picture = Picture::new(state, width, height);
    if (lasting || picture.is_none())
        && let Some(line) = line(event, state)
    {
        screen.print(&dressed(event, &line));
    }
    if let Some(picture) = picture {
        screen.draw(&picture);
    }
}

fn dressed(event: &Event<'_>, line: &str) -> String {
    let line = clean(line);
    match event {
        Event::Warning(_) | Event::LinkLost(_) => format!("{} {line}", Styled(WARNING, "warning:")),
        Event::Heard { .. } => Styled(LABEL, line).to_string(),
        Event::Note(_)
        | Event::Panel { .. }
        | Event::Step { .. }
        | Event::Tick { .. }
        | Event::Restoring { .. }
        | Event::Restored { .. } => line.into_owned(),
    }
}

#[cfg(test)]
mod tests;
