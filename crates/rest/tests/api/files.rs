//! Files for spreadsheets: exactly what the filter shows, and nothing that a spreadsheet would run.

use axum::http::StatusCode;
use tests::hostile;
use view::Tile;

use crate::site::{ENCODED, Site};

/// Besides the two hundred that every suite has: the wide letters of East Asian keyboards, and a cell that breaks lines.
const MORE: [&str; 2] = ["＝1", "a,\"b\"\r\n=c"];
/// Lists whose rows hold every field that somebody else writes.
const LISTS: [Tile; 2] = [Tile::Sent, Tile::NotSent];

fn read(file: &str) -> Vec<csv::StringRecord> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(file.as_bytes());
    reader.records().collect::<Result<_, _>>().expect("RFC 4180")
}

#[tokio::test]
async fn a_file_has_the_rows_of_its_list_and_no_cell_that_runs() {
    for name in hostile::all().chain(MORE) {
        let site = Site::of(name);
        let campaigns = site.data("/v1/orgs/acme/campaigns").await;
        assert_eq!(campaigns["rows"][0]["name"], name, "JSON has the text as it is");
        let mut files = vec![("/v1/orgs/acme/campaigns?format=csv".to_owned(), 1)];
        for tile in LISTS {
            let path = format!("/v1/orgs/acme/campaigns/{ENCODED}/recipients/{}", tile.word());
            let count = site.data(&path).await["tile"].as_u64().expect("a number");
            files.push((format!("{path}?format=csv"), usize::try_from(count).unwrap()));
        }
        files.push(("/v1/orgs/acme/suppressions?format=csv".to_owned(), 0));
        for (path, count) in files {
            let (status, headers, file) = site.get(&path).await;
            assert_eq!(status, StatusCode::OK, "{path}: {file}");
            assert!(headers["content-type"].to_str().unwrap().starts_with("text/csv"), "{path}");
            assert!(headers["content-disposition"].to_str().unwrap().starts_with("attachment; "), "{path}");
            assert_eq!(headers["x-content-type-options"], "nosniff");
            let rows = read(&file);
            assert_eq!(rows.len(), count + 1, "{path} of {name:?}");
            for cell in rows.iter().flatten() {
                let runs = cell.trim_start_matches(' ').starts_with(hostile::FORMULA_STARTS) || cell.starts_with('＝');
                assert!(!runs || cell.parse::<f64>().is_ok(), "{cell:?} in {path} of {name:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_filter_of_the_list_is_the_filter_of_the_file() {
    let site = Site::of("Ada");
    let path = format!("/v1/orgs/acme/campaigns/{ENCODED}/recipients/dropped?reason=quota&format=csv");
    let (_, _, file) = site.get(&path).await;
    let rows = read(&file);
    let column = |name: &str| rows[0].iter().position(|heading| heading == name).expect("a column");
    assert_eq!(rows.len(), 2);
    assert_eq!(
        (&rows[1][column("drop")], &rows[1][column("message")], &rows[1][column("client_name")]),
        ("quota", "m8", "Ada")
    );
    let (_, _, none) = site.get("/v1/orgs/acme/campaigns?q=nothing&format=csv").await;
    assert_eq!(read(&none).len(), 1, "a file of nothing has its heading");
    let heading = read(&none)[0].iter().map(str::to_owned).collect::<Vec<_>>();
    for name in ["campaign", "sent", "dropped_by.quota", "by_status.open", "open_rate", "click_rate_of_opened"] {
        assert!(heading.iter().any(|known| known == name), "{name} in {heading:?}");
    }
}
