//! What a terminal offers its card, as it has chosen (TS 102 223 5.2, 7.8).

use std::time::Duration;

use dmsc_uicc::coding::from_text;
use dmsc_uicc::object::RegistryApplication;
use dmsc_uicc::profile::{Facility, TerminalProfile};

use crate::choice::terminal::{
    Applications, Arrival, Buffer, CallControl, CdmaMessages, Channels, ClientName, ClientPort, Handset, Location,
    MoreFacilities, Polling, ProfileLength, Refresh, SmsControl, Timers, Transports,
};

/// The bits of the number of channels in byte 13.
const CHANNELS: usize = 12;

/// Adapts a profile to the choices of a terminal.
pub fn choose_profile(profile: &mut TerminalProfile, choices: &Handset) {
    let mut clear = |off: bool, facilities: &[Facility]| {
        facilities.iter().filter(|_| off).for_each(|facility| profile.clear(*facility));
    };
    let timers = [Facility::TimerExpiration, Facility::TimerStartStop, Facility::TimerGet];
    clear(choices.timers == Timers::Nothing, &timers);
    let calls = [
        Facility::CallControl,
        Facility::CallControlCall,
        Facility::CallControlCellIdentity,
        Facility::CallControlAlphaIdentifier,
        Facility::CallControlProactive,
    ];
    clear(choices.call_control == CallControl::NotOffered, &calls);
    clear(choices.location == Location::NotOffered, &[Facility::EventLocationStatus]);
    clear(choices.refresh == Refresh::NotOffered, &[Facility::Refresh]);
    let more = [Facility::MoreTime, Facility::ProvideLocalInformation];
    clear(choices.more_facilities == MoreFacilities::NotOffered, &more);
    clear(choices.transports == Transports::Tcp, &[Facility::UdpClientLocal]);
    if choices.transports == Transports::All {
        profile.set(Facility::DirectChannel);
        profile.set(Facility::DirectChannelTerminalServer);
    }
    if choices.sms_control == SmsControl::Offered {
        profile.set(Facility::MoShortMessageControl);
    }
    if choices.cdma_messages == CdmaMessages::Offered {
        profile.set(Facility::SendCdmaSms);
    }
    let channels = match choices.channels {
        Channels::Two => None,
        Channels::Three => Some(3),
        Channels::Seven => Some(7),
    };
    if let (Some(channels), Some(octet)) = (channels, profile.0.get_mut(CHANNELS)) {
        *octet = *octet & 0x1F | channels << 5;
    }
    if choices.profile_length == ProfileLength::Long {
        profile.set(Facility::MenuSelection);
        profile.0.resize(40, 0x00);
    }
}

/// The applications that a terminal with these choices announces.
pub fn chosen_applications(dm_client: RegistryApplication, choices: &Handset) -> Vec<RegistryApplication> {
    let name = |dcs: u8, text: &str| (dcs, from_text(dcs, text).unwrap_or_default());
    let (dcs, named) = match choices.client_name {
        ClientName::Gsm => (dm_client.dcs, dm_client.name),
        ClientName::Ucs2 => name(0x08, "Ger\u{E4}teverwaltung"),
        ClientName::Long => name(0x00, &"Device Management ".repeat(4)),
    };
    let port = match choices.client_port {
        ClientPort::Dynamic => dm_client.port,
        ClientPort::Push => 2948,
        ClientPort::High => 65534,
    };
    let ours = RegistryApplication { port, dcs, name: named, ..dm_client };
    let other = |application_type: u8, port: u16, text: &str| {
        let (dcs, name) = name(0x00, text);
        RegistryApplication { port, dcs, application_type, name }
    };
    let others = [other(0x01, 50_001, "Browser"), other(0x05, 50_002, "Mail")];
    match choices.applications {
        Applications::DmClient => vec![ours],
        Applications::Last => others.into_iter().chain([ours]).collect(),
        Applications::First => std::iter::once(ours).chain(others).collect(),
    }
}

/// How often a terminal with these choices polls, unless the card asks for something else; `usual` is what it does
/// without them.
pub fn chosen_polling(usual: Duration, choices: &Handset) -> Duration {
    match choices.polling {
        Polling::Usual => usual,
        Polling::Often => Duration::from_secs(5),
        Polling::Own => OWN_POLLING,
    }
}

/// The polling interval of a terminal that keeps to its own.
pub(super) const OWN_POLLING: Duration = Duration::from_secs(25);

/// The largest buffer that it grants, if not the usual one, in octets.
pub fn chosen_buffer(choices: &Handset) -> Option<u16> {
    match choices.buffer {
        Buffer::Usual => None,
        Buffer::Small => Some(500),
        Buffer::Large => Some(60_000),
    }
}

/// The sizes in which data reach the card, in octets.
pub fn chosen_arrival(choices: &Handset) -> Vec<u8> {
    match choices.arrival {
        Arrival::Whole => Vec::new(),
        Arrival::Pieces => vec![200],
        Arrival::Uneven => vec![1, 100, 255, 37],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_says_what_was_chosen() {
        let mut profile = TerminalProfile::minimal_dm_sc();
        let choices = Handset {
            sms_control: SmsControl::NotOffered,
            cdma_messages: CdmaMessages::NotOffered,
            ..Handset::default()
        };
        choose_profile(&mut profile, &choices);
        assert_eq!(profile, TerminalProfile::minimal_dm_sc());
        let choices = Handset {
            timers: Timers::Nothing,
            channels: Channels::Seven,
            transports: Transports::Tcp,
            profile_length: ProfileLength::Long,
            ..Handset::default()
        };
        choose_profile(&mut profile, &choices);
        assert_eq!((profile.channels(), profile.0.len()), (7, 40));
        assert!(!profile.has(Facility::TimerExpiration) && !profile.has(Facility::UdpClientLocal));
        assert!(profile.has(Facility::TcpClientLocal));
    }

    #[test]
    fn the_dm_client_is_among_the_applications() {
        let dm_client = RegistryApplication {
            port: 0xC000,
            dcs: 0,
            application_type: RegistryApplication::DM_CLIENT,
            name: Vec::new(),
        };
        let choices = Handset {
            applications: Applications::Last,
            client_port: ClientPort::Push,
            client_name: ClientName::Ucs2,
            ..Handset::default()
        };
        let all = chosen_applications(dm_client, &choices);
        assert_eq!((all.len(), all[2].port, all[2].dcs, all[2].application_type), (3, 2948, 0x08, 7));
        assert_eq!(all[2].name[..4], [0x00, b'G', 0x00, b'e']);
    }
}
