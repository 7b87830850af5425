//! Durable tables on DynamoDB: posts, deliveries, accounts.
