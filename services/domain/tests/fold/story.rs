//! told logs
