//! Sending FHIR over HTTP, as a tablet would: bytes and nothing else of ours.

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::System;

impl System {
    /// Sends a QuestionnaireResponse once: the status, and the resource that is answered.
    pub async fn respond(&self, token: Option<&str>, response: &Value) -> (u16, Value) {
        let addresses = self.addresses().expect("it is running");
        let address = addresses["grpc"].as_str().expect("an address");
        let body = response.to_string();
        let mut request = format!(
            "POST /fhir/R4/QuestionnaireResponse HTTP/1.1\r\nHost: {address}\r\n\
             Connection: close\r\nContent-Type: application/fhir+json\r\nContent-Length: {}\r\n",
            body.len()
        );
        if let Some(token) = token {
            request += &format!("Authorization: Bearer {token}\r\n");
        }
        let request = format!("{request}\r\n{body}");
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        let written = stream.write_all(request.as_bytes()).await;
        written.expect("it reads");
        let mut answer = String::new();
        let read = stream.read_to_string(&mut answer).await;
        read.expect("it answers");
        let status = answer.split(' ').nth(1).and_then(|it| it.parse().ok());
        let body = answer.split_once("\r\n\r\n").map(|(_, body)| body);
        let resource = body.and_then(|body| serde_json::from_str(body).ok());
        (status.expect("a status"), resource.expect("a resource"))
    }
}
