//! Amazon Bedrock's Converse API: one wire format in front of many makers' models.

pub mod sign;
