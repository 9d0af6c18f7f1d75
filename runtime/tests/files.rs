//! Files over real HTTP: uploads in two steps, and downloads over a line that breaks.

#![cfg(feature = "sandbox")]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bitrix24_runtime::sandbox::{Fault, FaultKind, Portal, Sandbox, Seed};
use bitrix24_runtime::table::Tables;
use bitrix24_runtime::value::FileForm;
use bitrix24_runtime::{Call, Client, Effect, Error, File, Limits, Method, Paging, Rest, RetryPolicy, Upload, json};

const TABLES: Tables = Tables::EMPTY;

fn portal() -> Portal {
    Sandbox::new(&TABLES).seed(Seed::Small).start().expect("a free port")
}

fn client(address: &str) -> Client {
    Client::builder(address)
        .retry(RetryPolicy::default().base(Duration::from_millis(1)).longest(Duration::from_millis(5)))
        .timeout(Duration::from_secs(3))
        .limits(Limits::off())
        .build()
        .expect("a good address")
}

fn call(name: &'static str, effect: Effect) -> Call {
    Call::new(Method::new(name, Rest::V2, effect, Paging::None))
}

/// The call that asks for a place in the first storage there is.
async fn place(client: &Client, name: &str) -> Call {
    let storages = client.execute(call("disk.storage.getlist", Effect::List)).await.expect("listed");
    let id = storages.result[0]["ID"].clone();
    call("disk.storage.uploadfile", Effect::Create).param("id", id).param("data", json!({ "NAME": name }))
}

fn content(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| (at * 7 % 251) as u8).collect()
}

#[tokio::test]
async fn a_file_goes_up_in_two_steps_and_comes_down_again() {
    let portal = portal();
    let client = client(&portal.webhook());
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = content(300_001);
    let path = folder.path().join("on disk.bin");
    std::fs::write(&path, &bytes).expect("written");
    let uploads = [
        ("memory.bin", Upload::bytes("memory.bin", bytes.clone())),
        ("on disk.bin", Upload::path(&path)),
        ("renamed \"1\".bin", Upload::path(&path).named("renamed \"1\".bin")),
        ("stream.bin", Upload::reader("stream.bin", std::io::Cursor::new(bytes.clone()), Some(bytes.len() as u64))),
        ("unknown.bin", Upload::reader("unknown.bin", std::io::Cursor::new(bytes.clone()), None)),
    ];
    for (name, upload) in uploads {
        let stored = client.upload(place(&client, name).await, upload).await.expect(name).result;
        assert_eq!(
            stored["SIZE"].as_str().map(str::to_owned).or_else(|| Some(stored["SIZE"].to_string())),
            Some("300001".into()),
            "{name}"
        );
        let mut came = Vec::new();
        let address = stored["DOWNLOAD_URL"].as_str().expect("an address");
        let done = client.download(address, &mut came).await.expect("downloaded");
        assert_eq!((done.written, done.resumed, came == bytes), (300_001, 0, true), "{name}");
    }
    // What is there already is not written again, whether the server can go on in the middle or not.
    let stored =
        client.upload(place(&client, "x").await, Upload::bytes("x", bytes.clone())).await.expect("stored").result;
    let mut rest = Vec::new();
    let address = stored["DOWNLOAD_URL"].as_str().expect("an address");
    client.download_from(address, 300_000, &mut rest).await.expect("downloaded");
    assert_eq!(rest, bytes[300_000..]);
}

#[tokio::test]
async fn files_come_from_memory_disk_and_streams() {
    let bytes = content(1_000);
    let file = File::from_reader("a.bin", std::io::Cursor::new(bytes.clone())).await.expect("read");
    assert_eq!(file.pair(), File::new("a.bin", bytes).pair());
}

#[tokio::test]
async fn what_goes_wrong_with_an_upload_is_told() {
    let portal = portal();
    let client = client(&portal.webhook());
    // A method that knows nothing of two steps has done what it does.
    let get = call("disk.storage.getlist", Effect::Action);
    let error = client.upload(get, Upload::bytes("x", [1])).await.expect_err("no place");
    let Error::Unreadable { answer: kept, .. } = &error else { panic!("{error:?}") };
    assert!(error.to_string().contains("names no place") && kept.result.is_array(), "{error}");
    let gone = Upload::path("/no/such/file");
    assert!(matches!(client.upload(place(&client, "x").await, gone).await, Err(Error::Usage(_))));
    // The line breaks after the file has been sent: nobody knows whether it is there.
    let server = Server::new(|request, _| {
        if request.contains("uploadfile") {
            let address = request.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
            return answer(
                "200 OK",
                "",
                &json!({"result": {"field": "file", "uploadUrl": format!("http://{address}/put")}}).to_string(),
            );
        }
        Vec::new()
    });
    let client = self::client(&server.webhook());
    let put = self::call("disk.folder.uploadfile", Effect::Create).param("id", 1);
    let error = client.upload(put, Upload::bytes("x", content(10))).await.expect_err("broken");
    assert!(matches!(error, Error::OutcomeUnknown { .. }), "{error:?}");
    assert_eq!(server.requests().len(), 2, "a file is not sent twice");
    assert!(server.requests()[1].contains("name=\"file\"; filename=\"x\""));
}

/// The typed functions want a content. The first step must not send it: it is repeated when its answer is lost.
#[tokio::test]
async fn a_content_in_the_call_is_left_out() {
    for is_typed in [true, false] {
        let portal = portal();
        let client = client(&portal.webhook());
        let place = place(&client, "film.mp4").await;
        let call = match is_typed {
            true => place.file(&["fileContent"], FileForm::Pair, File::new("film.mp4", "other")),
            false => place.param("fileContent", json!(["film.mp4", "eA=="])),
        };
        portal.fault(Fault::new(FaultKind::Close { committed: true }).on("disk.storage.uploadfile").times(1));
        let stored = client.upload(call, Upload::bytes("film.mp4", content(1_000))).await.expect("stored").result;
        assert_eq!((&stored["NAME"], &stored["SIZE"]), (&json!("film.mp4"), &json!("1000")));
        assert_eq!(portal.calls("disk.storage.uploadfile"), 2, "the place is asked for again");
        let children = client.execute(self::call("disk.storage.getchildren", Effect::List).param("id", 1)).await;
        let children = children.expect("listed").result;
        let films = children.as_array().into_iter().flatten();
        let films = films.filter(|child| child["NAME"].as_str().is_some_and(|name| name.starts_with("film")));
        assert_eq!(films.count(), 1, "{children}");
    }
    // What is no place to ask for is done once.
    let server = Server::new(|_, _| Vec::new());
    let other = self::call("im.v2.file.upload", Effect::Create).param("fields", json!({"content": "eA=="}));
    let error = self::client(&server.webhook()).upload(other, Upload::bytes("x", [1])).await.expect_err("lost");
    assert!(matches!(error, Error::OutcomeUnknown { .. }), "{error:?}");
    assert_eq!(server.requests().len(), 1);
}

/// A server that answers what `play` makes of a request and its number.
struct Server {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn new(play: impl Fn(&str, usize) -> Vec<u8> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("known").to_string();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let Ok(mut stream) = stream else { return };
                let mut bytes = Vec::new();
                let mut buffer = [0; 4096];
                let request = loop {
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    if let Some((head, body)) = text.split_once("\r\n\r\n") {
                        let length = head.lines().find_map(|line| {
                            line.to_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok()
                        });
                        if body.len() >= length.unwrap_or(0) {
                            break text;
                        }
                    }
                    match stream.read(&mut buffer) {
                        Ok(0) | Err(_) => break text,
                        Ok(count) => bytes.extend_from_slice(&buffer[..count]),
                    }
                };
                kept.lock().expect("whole").push(request.clone());
                let _ = stream.write_all(&play(&request, number));
            }
        });
        Self { address, requests }
    }

    fn webhook(&self) -> String {
        format!("http://{}/rest/1/code/", self.address)
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("whole").clone()
    }
}

fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
        .into_bytes()
}

/// Where a request wants the file to begin.
fn wanted(request: &str) -> usize {
    let range = request.lines().find_map(|line| line.to_lowercase().strip_prefix("range: bytes=").map(str::to_owned));
    range.and_then(|range| range.trim_end_matches('-').parse().ok()).unwrap_or(0)
}

/// A file of letters, sent from a place on with a line that breaks after so many bytes.
fn piece(status: &str, headers: &str, from: usize, total: usize, breaks_after: usize) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}content-range: bytes {from}-{}/{total}\r\nconnection: close\r\n\r\n",
        total - from,
        total - 1
    );
    let body = letters(total);
    [head.as_bytes(), &body[from..(from + breaks_after).min(total)]].concat()
}

fn letters(total: usize) -> Vec<u8> {
    (0..total).map(|at| b'a' + (at % 26) as u8).collect()
}

#[tokio::test]
async fn a_download_goes_on_where_it_broke_off() {
    // A server that can begin in the middle.
    let server = Server::new(|request, _| {
        let from = wanted(request);
        let status = if from > 0 { "206 Partial Content" } else { "200 OK" };
        piece(status, "etag: \"one\"\r\n", from, 1_000, 300)
    });
    let client = self::client(&server.webhook());
    let mut came = Vec::new();
    let done = client.download("/file?token=s3cret", &mut came).await.expect("downloaded");
    assert_eq!((came, done.written, done.resumed), (letters(1_000), 1_000, 3));
    let ranges: Vec<usize> = server.requests().iter().map(|request| wanted(request)).collect();
    assert_eq!(ranges, [0, 300, 600, 900]);
    assert!(server.requests()[1].contains("if-range: \"one\""));

    // One that always sends the whole.
    let server = Server::new(|_, number| piece("200 OK", "", 0, 1_000, 400 * (number + 1)));
    let client = self::client(&server.webhook());
    let mut came = Vec::new();
    client.download("/file", &mut came).await.expect("downloaded");
    assert_eq!(came, letters(1_000));
}

#[tokio::test]
async fn a_download_that_cannot_be_right_is_an_error() {
    let outcome = async |server: &Server| {
        let mut came = Vec::new();
        let outcome = client(&server.webhook()).download("/file?token=s3cret", &mut came).await;
        let error = outcome.expect_err("no file");
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
        error
    };
    // The file changed in between.
    let changed = Server::new(|_, number| piece("200 OK", &format!("etag: \"{number}\"\r\n"), 0, 1_000, 400));
    assert!(outcome(&changed).await.to_string().contains("changed while it was downloaded"));
    // It changed, and the server goes on in the middle of the other state all the same.
    type Play = fn(&str, usize) -> Vec<u8>;
    let goes_on: [Play; 5] = [
        // Of another length.
        |request, number| match number {
            0 => piece("200 OK", "", 0, 1_000, 400),
            _ => piece("206 Partial Content", "", wanted(request), 1_200, 2_000),
        },
        // Of another tag, weak or not.
        |request, number| match number {
            0 => piece("200 OK", "etag: \"one\"\r\n", 0, 1_000, 400),
            _ => piece("206 Partial Content", "etag: \"two\"\r\n", wanted(request), 1_000, 2_000),
        },
        |request, number| match number {
            0 => piece("200 OK", "etag: W/\"one\"\r\n", 0, 1_000, 400),
            _ => piece("206 Partial Content", "etag: W/\"two\"\r\n", wanted(request), 1_000, 2_000),
        },
        // Of another time.
        |request, number| {
            let status = if number == 0 { "200 OK" } else { "206 Partial Content" };
            piece(status, &format!("last-modified: {number}\r\n"), wanted(request), 1_000, 400)
        },
        // So short that nothing is behind what is there.
        |_, number| match number {
            0 => piece("200 OK", "", 0, 1_000, 400),
            _ => answer("416 Range Not Satisfiable", "content-range: bytes */400\r\n", ""),
        },
    ];
    for (at, play) in goes_on.into_iter().enumerate() {
        let text = outcome(&Server::new(play)).await.to_string();
        assert!(text.contains("the file changed while it was downloaded"), "{at}: {text}");
    }
    // Another part than asked for.
    let wrong = Server::new(|request, _| {
        let status = if wanted(request) > 0 { "206 Partial Content" } else { "200 OK" };
        piece(status, "", 0, 1_000, 400)
    });
    assert!(outcome(&wrong).await.to_string().contains("another part"));
    // The address has run out.
    let gone = Server::new(|_, _| answer("403 Forbidden", "", "no"));
    assert!(matches!(outcome(&gone).await, Error::Decode { status: Some(403), .. }));
    // The line breaks for ever.
    let broken = Server::new(|_, _| Vec::new());
    assert!(matches!(outcome(&broken).await, Error::Interrupted { .. }));
    assert!(broken.requests().len() < 10);
}
