//! Publishes as a producer by async-nats: structured, binary, and where it must not. Prints what came of it as one line of JSON.

use std::future::IntoFuture;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_nats::jetstream;
use async_nats::HeaderMap;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let actor = &arguments[2];
    let errors = Arc::new(Mutex::new(Vec::new()));
    let seen = errors.clone();
    let options = async_nats::ConnectOptions::new().event_callback(move |event| {
        let seen = seen.clone();
        async move {
            if let async_nats::Event::ServerError(error) = event {
                seen.lock().unwrap().push(error.to_string());
            }
        }
    });
    let client = options.connect(&arguments[1]).await.unwrap();
    let js = jetstream::new(client.clone());
    let subject = format!("in.{actor}");
    let event = r#"{"specversion":"1.0","id":"s-1","source":"/rust","type":"add","time":"2026-01-02t03:04:05z","subject":"order 7","traceparent":null,"data":{"by":1}}"#;
    let mut id = HeaderMap::new();
    id.insert("Nats-Msg-Id", format!("{actor}/s-1").as_str());
    let first = js.publish_with_headers(subject.clone(), id.clone(), event.into()).await.unwrap().await.unwrap();
    let again = js.publish_with_headers(subject.clone(), id, event.into()).await.unwrap().await.unwrap();
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("ce-specversion", "1.0"),
        ("ce-id", "b-1"),
        ("ce-source", "/rust"),
        ("ce-type", "add"),
        ("ce-subject", "order%208"),
        ("content-type", "application/json"),
    ] {
        headers.insert(name, value);
    }
    let binary = js.publish_with_headers(subject, headers, r#"{"by":2}"#.into()).await.unwrap().await.unwrap();
    let waiting = js.publish("log.0.acme.toy.forbidden", "{}".into()).await.unwrap();
    let forbidden = match tokio::time::timeout(Duration::from_secs(1), waiting.into_future()).await {
        Ok(Ok(_)) => "acknowledged".to_string(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "no answer".to_string(),
    };
    println!(
        "{{\"first\":{},\"again\":{},\"binary\":{},\"forbidden\":{:?},\"errors\":{:?}}}",
        first.sequence,
        again.duplicate,
        binary.sequence,
        forbidden,
        errors.lock().unwrap()
    );
}
