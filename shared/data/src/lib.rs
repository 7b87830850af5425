//! Durable tables on DynamoDB: posts, deliveries, accounts.

/// The tables, reached through a client.
#[derive(Debug, Clone)]
pub struct Data {
    client: aws_sdk_dynamodb::Client,
}

impl Data {
    /// The tables under their usual names.
    pub fn new(client: aws_sdk_dynamodb::Client) -> Self {
        Self { client }
    }
}
