//! What a program and the kernel of Linux say to each other when the program is a function of a USB device
//! (FunctionFS): descriptors and strings at first, events and control requests from then on.

use crate::descriptor::Transfer;
use crate::iccd::control::Setup;

/// Octets of an event.
pub const EVENT: usize = 12;

const DESCRIPTORS_MAGIC: u32 = 3;
const STRINGS_MAGIC: u32 = 2;
const HAS_FULL_SPEED: u32 = 1;
const HAS_HIGH_SPEED: u32 = 2;
/// Requests to the device come, too, not only those to the function's interface and endpoints.
const ALL_RECIPIENTS: u32 = 64;
/// Requests come before the configuration is set, too.
const UNCONFIGURED: u32 = 128;

/// US English, the language of the one string.
const LANGUAGE: u16 = 0x0409;

/// A function with one interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// bInterfaceClass, bInterfaceSubClass, bInterfaceProtocol.
    pub class: [u8; 3],
    /// The interface's name.
    pub name: String,
    /// Descriptors between that of the interface and its endpoints. The kernel takes those it knows: type 21 with class
    /// 0B and 54 octets, for example.
    pub extra: Vec<Vec<u8>>,
    /// The endpoints, which the program finds as `ep1`, `ep2`, ... in this order. The kernel gives them their numbers.
    pub endpoints: Vec<FunctionEndpoint>,
    /// Whether requests to the device are taken, also before the configuration is set.
    pub device_requests: bool,
}

/// An endpoint of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FunctionEndpoint {
    /// Whether data go to the host.
    pub to_host: bool,
    /// How it transfers.
    pub transfer: Transfer,
    /// wMaxPacketSize at full and at high speed, in octets.
    pub packet: [u16; 2],
    /// bInterval.
    pub interval: u8,
}

impl FunctionEndpoint {
    /// A bulk endpoint, with packets as large as each speed allows.
    #[must_use]
    pub fn bulk(to_host: bool) -> FunctionEndpoint {
        FunctionEndpoint { to_host, transfer: Transfer::Bulk, packet: [64, 512], interval: 0 }
    }

    /// An interrupt endpoint to the host for messages of at most eight octets.
    #[must_use]
    pub fn interrupt(interval: u8) -> FunctionEndpoint {
        FunctionEndpoint { to_host: true, transfer: Transfer::Interrupt, packet: [8, 8], interval }
    }
}

impl Function {
    /// What is written to `ep0` first.
    #[must_use]
    pub fn descriptors(&self) -> Vec<u8> {
        let flags = HAS_FULL_SPEED | HAS_HIGH_SPEED;
        let flags = if self.device_requests { flags | ALL_RECIPIENTS | UNCONFIGURED } else { flags };
        let count = u32::try_from(1 + self.extra.len() + self.endpoints.len()).unwrap_or(u32::MAX);
        let mut body = Vec::new();
        for number in [flags, count, count] {
            body.extend_from_slice(&number.to_le_bytes());
        }
        for speed in 0..2 {
            self.write_speed(speed, &mut body);
        }
        with_head(DESCRIPTORS_MAGIC, &body)
    }

    fn write_speed(&self, speed: usize, body: &mut Vec<u8>) {
        let endpoints = u8::try_from(self.endpoints.len()).unwrap_or(u8::MAX);
        let [class, subclass, protocol] = self.class;
        body.extend_from_slice(&[9, 4, 0, 0, endpoints, class, subclass, protocol, 1]);
        self.extra.iter().for_each(|extra| body.extend_from_slice(extra));
        for (number, endpoint) in (1u8..).zip(&self.endpoints) {
            let address = number | if endpoint.to_host { 0x80 } else { 0 };
            let attributes = match endpoint.transfer {
                Transfer::Control => 0,
                Transfer::Isochronous => 1,
                Transfer::Bulk => 2,
                Transfer::Interrupt => 3,
            };
            body.extend_from_slice(&[7, 5, address, attributes]);
            body.extend_from_slice(&endpoint.packet.get(speed).copied().unwrap_or(64).to_le_bytes());
            body.push(endpoint.interval);
        }
    }

    /// What is written to `ep0` next.
    #[must_use]
    pub fn strings(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for number in [1u32, 1] {
            body.extend_from_slice(&number.to_le_bytes());
        }
        body.extend_from_slice(&LANGUAGE.to_le_bytes());
        body.extend(self.name.bytes().filter(|octet| *octet != 0));
        body.push(0);
        with_head(STRINGS_MAGIC, &body)
    }
}

/// Magic and total length, then the body.
fn with_head(magic: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 8).unwrap_or(u32::MAX);
    [&magic.to_le_bytes(), length.to_le_bytes().as_slice(), body].concat()
}

/// What happens to a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Its device was given to a controller.
    Bind,
    /// Its device was taken from the controller.
    Unbind,
    /// The host has set the configuration.
    Enable,
    /// The configuration is no more: another one, a reset of the bus, or no host.
    Disable,
    /// A control request, which waits to be answered.
    Setup(Setup),
    /// The bus is suspended.
    Suspend,
    /// The bus is used again.
    Resume,
    /// Any other type.
    Other(u8),
}

impl Event {
    /// Reads one event as the kernel gives it.
    #[must_use]
    pub fn parse(octets: &[u8; EVENT]) -> Event {
        let [request_type, request, v0, v1, i0, i1, l0, l1, kind, ..] = *octets;
        match kind {
            0 => Event::Bind,
            1 => Event::Unbind,
            2 => Event::Enable,
            3 => Event::Disable,
            4 => Event::Setup(Setup {
                request_type,
                request,
                value: u16::from_le_bytes([v0, v1]),
                index: u16::from_le_bytes([i0, i1]),
                length: u16::from_le_bytes([l0, l1]),
            }),
            5 => Event::Suspend,
            6 => Event::Resume,
            other => Event::Other(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_with_two_endpoints() {
        let function = Function {
            class: [0x02, 0x0C, 0x07],
            name: "EEM".into(),
            extra: vec![vec![3, 0x24, 9]],
            endpoints: vec![FunctionEndpoint::bulk(false), FunctionEndpoint::bulk(true)],
            device_requests: true,
        };
        let mut wanted = vec![3, 0, 0, 0, 72, 0, 0, 0, 0xC3, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0];
        wanted.extend([9, 4, 0, 0, 2, 2, 0x0C, 7, 1, 3, 0x24, 9, 7, 5, 1, 2, 64, 0, 0, 7, 5, 0x82, 2, 64, 0, 0]);
        wanted.extend([9, 4, 0, 0, 2, 2, 0x0C, 7, 1, 3, 0x24, 9, 7, 5, 1, 2, 0, 2, 0, 7, 5, 0x82, 2, 0, 2, 0]);
        assert_eq!(function.descriptors(), wanted);
        let strings = [2, 0, 0, 0, 22, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 4, b'E', b'E', b'M', 0];
        assert_eq!(function.strings(), strings);
        let quiet = Function { device_requests: false, endpoints: vec![FunctionEndpoint::interrupt(10)], ..function };
        assert_eq!(quiet.descriptors()[8..12], [3, 0, 0, 0]);
        assert!(quiet.descriptors().ends_with(&[7, 5, 0x81, 3, 8, 0, 10]));
    }

    #[test]
    fn events_by_type() {
        let setup = [0xA1, 0x6F, 0x00, 0x01, 0x02, 0x00, 0x00, 0x10, 4, 0, 0, 0];
        let wanted = Setup { request_type: 0xA1, request: 0x6F, value: 0x0100, index: 2, length: 4096 };
        assert_eq!(Event::parse(&setup), Event::Setup(wanted));
        let event = |kind| Event::parse(&[0, 0, 0, 0, 0, 0, 0, 0, kind, 0, 0, 0]);
        assert_eq!(
            [event(0), event(1), event(2), event(3)],
            [Event::Bind, Event::Unbind, Event::Enable, Event::Disable]
        );
        assert_eq!([event(5), event(6), event(7)], [Event::Suspend, Event::Resume, Event::Other(7)]);
    }
}
