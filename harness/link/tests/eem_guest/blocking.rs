//! The EEM interface over libusb's blocking calls: one transfer at a time in each direction. What the driver would be
//! without nusb, for figures beside its own.

use std::num::NonZeroU16;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use dmsc_link::eem::{Broken, MemoryPipe, OpenPipe};
use rusb::{Context, DeviceHandle, UsbContext};

struct Found {
    handle: DeviceHandle<Context>,
    bulk_in: u8,
    bulk_out: u8,
    max_packet_size: NonZeroU16,
}

/// The interface, once the host has found and configured the device.
fn find() -> Found {
    let began = Instant::now();
    loop {
        if let Some(found) = find_now() {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "no EEM interface");
        thread::sleep(Duration::from_millis(20));
    }
}

fn find_now() -> Option<Found> {
    for device in Context::new().unwrap().devices().unwrap().iter() {
        let Ok(config) = device.active_config_descriptor() else { continue };
        for interface in config.interfaces().flat_map(|interface| interface.descriptors()) {
            let class = (interface.class_code(), interface.sub_class_code(), interface.protocol_code());
            if class != dmsc_usb::eem::INTERFACE {
                continue;
            }
            let handle = device.open().unwrap();
            handle.set_auto_detach_kernel_driver(true).unwrap();
            handle.claim_interface(interface.interface_number()).unwrap();
            let endpoint =
                |input: bool| interface.endpoint_descriptors().find(|e| (e.address() & 0x80 != 0) == input).unwrap();
            return Some(Found {
                handle,
                bulk_in: endpoint(true).address(),
                bulk_out: endpoint(false).address(),
                max_packet_size: NonZeroU16::new(endpoint(false).max_packet_size()).unwrap(),
            });
        }
    }
    None
}

pub(crate) fn opener() -> OpenPipe {
    Box::new(|| {
        let found = Arc::new(find());
        let (pipe, far) = MemoryPipe::to_threads(found.max_packet_size);
        let over = Arc::new(AtomicBool::new(false));
        let (reader, reader_far, reader_over) = (Arc::clone(&found), far.clone(), Arc::clone(&over));
        thread::spawn(move || {
            let mut buffer = vec![0; 32 * 1024];
            while !reader_over.load(Ordering::SeqCst) {
                // The limit is how long the thread may outlive the pipe: nothing ends a blocking call.
                match reader.handle.read_bulk(reader.bulk_in, &mut buffer, Duration::from_millis(500)) {
                    Ok(length) => reader_far.deliver(buffer[..length].to_vec()),
                    Err(rusb::Error::Timeout) => {}
                    Err(error) => return reader_far.cut(Broken(error.to_string())),
                }
            }
        });
        thread::spawn(move || {
            while let Some(transfer) = far.take() {
                if let Err(error) = found.handle.write_bulk(found.bulk_out, &transfer, Duration::from_secs(5)) {
                    far.cut(Broken(error.to_string()));
                }
            }
            over.store(true, Ordering::SeqCst);
        });
        Ok(Box::new(pipe))
    })
}
