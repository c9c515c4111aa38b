//! Apache Kafka as a log, and membership of a consumer group. The only crate that names rdkafka.
