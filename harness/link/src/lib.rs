//! How octets reach the DUT; nothing here knows what they mean.
