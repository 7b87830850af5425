//! DynamoDB inside the process: the AWS SDK answered by an embedded engine.
