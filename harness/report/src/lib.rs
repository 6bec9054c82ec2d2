//! The run journal and everything rendered from it: JUnit, matrices, logs.
//!
//! [`journal`] is the on-disk record of a run, one event a line, written as the run goes.
//! [`folder`] puts the journals of a run together; everything else is rendered from that, all of
//! it at once by [`render_all`].
//!
//! Rendering is a function of the journals and the SCR tables alone, so the same run gives the
//! same octets each time, whether it went in one process or was spread over several.

mod coverage;
pub mod folder;
pub mod journal;
pub mod junit;
pub mod log;
pub mod matrix;
mod render;

pub mod cause;
mod evidence;
mod hexdump;
mod text;
mod turn;

pub use coverage::coverage_html;
pub use folder::RunFolder;
pub use log::Logs;
pub use render::{RenderError, Written, render_all};
pub use turn::Turn;

#[cfg(test)]
mod synthetic;
