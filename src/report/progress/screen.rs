//! Drawing in place on stderr.
//!
//! The picture is redrawn by moving the cursor up by the lines drawn before. The terminal is never asked where the
//! cursor is: that question goes to stdout, which may be a file. The cursor rests below the picture and stays
//! visible, so a program that is killed leaves nothing to repair.

use std::io::{self, Write};

use ratatui::backend::IntoCrossterm;
use ratatui::buffer::{Buffer, Cell, CellWidth};
use ratatui::crossterm::QueueableCommand;
use ratatui::crossterm::cursor::{MoveToColumn, MoveUp};
use ratatui::crossterm::style::{Print, PrintStyledContent, StyledContent};
use ratatui::crossterm::terminal::{
    self, BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate,
};
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::widgets::Widget;

use super::picture::Picture;

/// The terminal, and what was drawn on it.
pub(super) struct Screen {
    out: Box<dyn Write + Send>,
    size: Box<dyn Fn() -> (u16, u16) + Send>,
    color: bool,
    /// The lengths of the lines drawn, in columns.
    drawn: Vec<u16>,
}

impl Screen {
    /// The terminal that stderr is.
    pub(super) fn stderr(color: bool) -> Self {
        let size = || terminal::size().unwrap_or_default();
        Screen::new(Box::new(io::stderr()), Box::new(size), color)
    }

    pub(super) fn new(
        out: Box<dyn Write + Send>,
        size: Box<dyn Fn() -> (u16, u16) + Send>,
        color: bool,
    ) -> Self {
        Screen {
            out,
            size,
            color,
            drawn: Vec::new(),
        }
    }

    /// Returns columns and rows; both are 0 where the terminal does not tell.
    pub(super) fn size(&self) -> (u16, u16) {
        (self.size)()
    }

    /// Draws the picture in the place of the one before.
    pub(super) fn draw(&mut self, picture: &Picture<'_>) {
        let area = Rect::new(0, 0, picture.width(), picture.height());
        let mut buffer = Buffer::empty(area);
        picture.render(area, &mut buffer);
        // A terminal that cannot be written to is no reason to stop a run: the report comes all the same.
        self.try_draw(&buffer).ok();
    }

    /// Writes a line that stays, above the picture.
    pub(super) fn print(&mut self, line: &str) {
        self.erase();
        let plain = || anstream::adapter::strip_str(line).to_string();
        let line = if self.color { line.to_owned() } else { plain() };
        writeln!(self.out, "{line}").ok();
    }

    /// Takes the picture away.
    pub(super) fn erase(&mut self) {
        if !self.drawn.is_empty() {
            self.try_erase().and_then(|()| self.out.flush()).ok();
        }
    }

    fn try_draw(&mut self, buffer: &Buffer) -> io::Result<()> {
        self.out.queue(BeginSynchronizedUpdate)?;
        self.try_erase()?;
        let blank = Buffer::empty(buffer.area);
        let mut cells = blank.diff(buffer).into_iter().peekable();
        for row in 0..buffer.area.height {
            let mut run = Run::default();
            let mut column = 0;
            while let Some((x, _, cell)) = cells.next_if(|(_, y, _)| *y == row) {
                run.text.extend((column..x).map(|_| ' '));
                let style = sparse_style(cell);
                if style != run.style {
                    self.put(&run)?;
                    run = Run {
                        style,
                        text: String::new(),
                    };
                }
                run.text.push_str(cell.symbol());
                column = x + cell.cell_width();
            }
            self.put(&run)?;
            self.out.queue(Print("\r\n"))?;
            self.drawn.push(column);
        }
        self.out.queue(EndSynchronizedUpdate)?;
        self.out.flush()
    }

    /// A line that the terminal has wrapped since, because its window became narrower, takes several rows.
    fn try_erase(&mut self) -> io::Result<()> {
        let (width, _) = self.size();
        let rows = self
            .drawn
            .drain(..)
            .map(|length| length.div_ceil(width.max(1)).max(1))
            .fold(0, u16::saturating_add);
        if rows > 0 {
            self.out.queue(MoveUp(rows))?;
        }
        self.out
            .queue(MoveToColumn(0))?
            .queue(Clear(ClearType::FromCursorDown))?;
        Ok(())
    }

    fn put(&mut self, run: &Run) -> io::Result<()> {
        if self.color && run.style != Style::new() {
            let style = run.style.into_crossterm();
            let styled = StyledContent::new(style, run.text.as_str());
            self.out.queue(PrintStyledContent(styled))?;
        } else {
            self.out.queue(Print(run.text.as_str()))?;
        }
        Ok(())
    }
}

/// Neighbours in the same style, written at once: a serial console shall keep up.
#[derive(Default)]
struct Run {
    style: Style,
    text: String,
}

/// The style of a cell without what is the terminal's own anyway.
fn sparse_style(cell: &Cell) -> Style {
    let style = Style::new().add_modifier(cell.modifier);
    if cell.fg == Color::Reset {
        style
    } else {
        style.fg(cell.fg)
    }
}
