//! The lines of the contacts (ISO/IEC 7816-3).

/// The lines that a handset drives; its clock runs as long as there is power.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Wires {
    /// Power.
    pub vcc: bool,
    /// Reset is held (the line is low).
    pub reset: bool,
}

impl Wires {
    /// No power, and so reset is low.
    pub const OFF: Wires = Wires { vcc: false, reset: true };
    /// Power, reset held.
    pub const RESET: Wires = Wires { vcc: true, reset: true };
    /// Power, reset let go.
    pub const RUN: Wires = Wires { vcc: true, reset: false };
}
