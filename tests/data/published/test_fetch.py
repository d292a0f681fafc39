"""Against a server of this computer that speaks as the hosts do."""

import csv
import hashlib
import io
import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.data import load_dataset
from dermxai.data.published import download as downloading
from dermxai.data.published import sets
from dermxai.data.published.download import Network, download
from dermxai.data.published.fetch import contents, fetch, place
from dermxai.data.published.sets import File, Published, find
from tests.data.test_archives import png, zip_

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Host:
    """Attributes:
    pages: content by path, or what answers.
    broken: bytes after which the connection of the next answers ends, first answer first.
    ranges: whether a part may be asked for.
    asked: path and range of every request.
    """

    url: str
    pages: dict[str, bytes | Answer] = field(default_factory=dict)
    broken: list[int] = field(default_factory=list)
    ranges: bool = True
    asked: list[tuple[str, str | None]] = field(default_factory=list)


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    for name in (
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            found.asked.append((self.path, wanted))
            page = found.pages.get(self.path) or found.pages.get(self.path.partition("?")[0])
            if page is None:
                self.send_error(404)
            elif isinstance(page, bytes):
                self.send(page, wanted)
            else:
                page(self)

        def send(self, page: bytes, wanted: str | None) -> None:
            start = int(wanted[6:].partition("-")[0]) if wanted and found.ranges else 0
            if start >= len(page) and start:
                self.send_error(416)
                return
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(page) - 1}/{len(page)}")
            self.send_header("Content-Length", str(len(page) - start))
            self.end_headers()
            until = found.broken.pop(0) if found.broken else len(page)
            self.wfile.write(page[start : start + until])

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Host(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def network() -> Network:
    return Network(trusted="127.0.0.1", wait=lambda _: None)


CONTENT = np.random.default_rng(0).integers(0, 256, 900_000).astype(np.uint8).tobytes()
MD5 = hashlib.md5(CONTENT).hexdigest()


def fetched(host: Host, network: Network, folder: Path, **file: Any) -> Path:
    wanted = File(**({"name": "a.npz", "url": f"{host.url}/a", "md5": MD5} | file))
    return download(wanted, folder, network, lambda *_: None)


def test_a_file_is_fetched_once_and_checked(host: Host, network: Network, tmp_path: Path) -> None:
    host.pages["/a"] = CONTENT
    path = fetched(host, network, tmp_path / "new")
    assert path.read_bytes() == CONTENT and fetched(host, network, tmp_path / "new") == path
    assert host.asked == [("/a", None)]
    assert [each.name for each in path.parent.iterdir()] == ["a.npz"]


def test_what_broke_off_goes_on_where_it_was(host: Host, network: Network, tmp_path: Path) -> None:
    host.pages["/a"], host.broken = CONTENT, [300_000, 200_000]
    assert fetched(host, network, tmp_path).read_bytes() == CONTENT
    assert host.asked == [("/a", None), ("/a", "bytes=300000-"), ("/a", "bytes=500000-")]


def test_a_part_of_an_earlier_try_is_gone_on_with(
    host: Host, network: Network, tmp_path: Path
) -> None:
    host.pages["/a"], host.broken = CONTENT, [100_000] + [0] * 4
    with pytest.raises(InputError, match="cannot be reached"):
        fetched(host, network, tmp_path)
    assert not (tmp_path / "a.npz").exists()
    host.asked.clear()
    assert fetched(host, network, tmp_path).read_bytes() == CONTENT
    assert host.asked == [("/a", "bytes=100000-")]


def test_a_host_that_sends_no_parts_starts_anew(
    host: Host, network: Network, tmp_path: Path
) -> None:
    host.pages["/a"], host.broken, host.ranges = CONTENT, [300_000], False
    assert fetched(host, network, tmp_path).read_bytes() == CONTENT


def test_a_part_that_fits_no_more_is_dropped(host: Host, network: Network, tmp_path: Path) -> None:
    (tmp_path / ".a.npz.part").write_bytes(CONTENT + b"more")
    host.pages["/a"] = CONTENT
    assert fetched(host, network, tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("file", [{"md5": "0" * 32}, {"md5": "0" * 32, "size": len(CONTENT)}])
def test_another_file_than_expected_is_removed(
    host: Host, network: Network, tmp_path: Path, file: dict[str, Any]
) -> None:
    host.pages["/a"] = CONTENT
    with pytest.raises(InputError, match=f"has the MD5 {MD5} where 0000"):
        fetched(host, network, tmp_path, **file)
    assert not [each for each in tmp_path.iterdir() if each.stat().st_size]


def test_more_than_expected_is_not_taken(
    host: Host, network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.pages["/a"] = CONTENT
    with pytest.raises(InputError, match="900,000 bytes where 1,000 were expected"):
        fetched(host, network, tmp_path, size=1000)

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(40):
            handler.wfile.write(bytes(100_000))

    host.pages["/a"] = endless
    monkeypatch.setattr(downloading, "MOST_BYTES", 1_000_000)
    with pytest.raises(InputError, match="sends more than was expected"):
        fetched(host, network, tmp_path, md5=None)
    assert (tmp_path / ".a.npz.part").stat().st_size <= 1_000_000


def test_without_room_nothing_is_fetched(
    host: Host, network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.pages["/a"] = CONTENT
    monkeypatch.setattr(downloading, "_SPARE", 1 << 60)
    with pytest.raises(InputError, match="no room"):
        fetched(host, network, tmp_path)


def leading(place: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", place)
        handler.end_headers()

    return answer


def test_a_host_may_lead_to_another_place_of_its_own(
    host: Host, network: Network, tmp_path: Path
) -> None:
    host.pages |= {"/a": leading("/b"), "/b": CONTENT}
    assert fetched(host, network, tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize(
    "place",
    ["file:///etc/passwd", "ftp://127.0.0.1/a", "http://localhost:{port}/b", "http://10.0.0.1/a",
     "https://127.0.0.2/a", "https://169.254.169.254/latest", "https://[::1]/a", "data:,x",
     "http://zenodo.org/a", "https:///a", "//localhost:{port}/b"],
)  # fmt: skip
def test_a_host_leads_nowhere_else(
    host: Host, network: Network, tmp_path: Path, place: str
) -> None:
    port = host.url.rpartition(":")[2]
    host.pages |= {"/a": leading(place.format(port=port)), "/b": CONTENT}
    with pytest.raises(InputError):
        fetched(host, network, tmp_path, md5=None)
    assert not (tmp_path / "a.npz").exists()
    assert "/b" not in [path for path, _ in host.asked]


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://127.0.0.1/a", "https://localhost/a"])
def test_nothing_but_public_hosts_is_asked(tmp_path: Path, url: str) -> None:
    with pytest.raises(InputError, match="nothing was fetched"):
        download(File("a", url), tmp_path, Network(), lambda *_: None)


def test_a_ring_of_redirects_ends(host: Host, network: Network, tmp_path: Path) -> None:
    host.pages |= {"/a": leading("/b"), "/b": leading("/a")}
    with pytest.raises(InputError):
        fetched(host, network, tmp_path)


def test_proxies_of_the_environment_are_used(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", host.url)
    host.pages["http://example.test/a"] = CONTENT
    network = Network(trusted="example.test", wait=lambda _: None)
    path = download(File("a", "http://example.test/a", md5=MD5), tmp_path, network, lambda *_: None)
    assert path.read_bytes() == CONTENT


def test_refusals_are_told_and_not_tried_again(
    host: Host, network: Network, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"127\.0\.0\.1 says 404"):
        fetched(host, network, tmp_path)
    assert len(host.asked) == 1


@pytest.fixture
def derma(host: Host, monkeypatch: pytest.MonkeyPatch) -> Published:
    buffer = io.BytesIO()
    arrays = {
        f"{split}_images": np.zeros((3, 28, 28, 3), np.uint8) for split in ("train", "val", "test")
    }
    labels = {f"{split}_labels": np.array([[0], [1], [5]]) for split in ("train", "val", "test")}
    np.savez_compressed(buffer, **arrays, **labels)
    content = buffer.getvalue()
    host.pages["/dermamnist.npz"] = content
    url = f"{host.url}/dermamnist.npz?download=1"
    file = File("dermamnist.npz", url, None, hashlib.md5(content).hexdigest())
    made = replace(sets.SETS["dermamnist"], files=(file,))
    monkeypatch.setattr(sets, "SETS", {**sets.SETS, "dermamnist": made})
    return made


def test_a_published_file_is_a_dataset(
    host: Host, workspace: Path, derma: Published, network: Network
) -> None:
    found = contents(derma, network)
    assert found.size == len(host.pages["/dermamnist.npz"])  # type: ignore[arg-type]
    path = fetch(derma, found, network)
    assert path == place(derma) == paths.datasets() / "dermamnist.npz"
    dataset = load_dataset(path)
    assert len(dataset) == 9 and set(dataset.samples["label"]) == {"akiec", "BCC", "MN"}


def test_without_a_network_a_sentence_says_what_to_put_where(workspace: Path) -> None:
    closed = Network(trusted="127.0.0.1", wait=lambda _: None)
    away = File("dermamnist.npz", "http://127.0.0.1:9/dermamnist.npz")
    wanted = replace(sets.SETS["dermamnist"], files=(away,))
    with pytest.raises(InputError) as error:
        fetch(wanted, contents(wanted, closed), closed)
    said = str(error.value)
    assert "127.0.0.1 cannot be reached" in said
    assert f"put it at {paths.datasets() / 'dermamnist.npz'}" in said and away.url in said
    listed = replace(sets.SETS["ham10000"], dataverse="http://127.0.0.1:9/api")
    with pytest.raises(InputError, match=re.escape(str(paths.datasets() / "ham10000"))):
        contents(listed, closed)


def test_a_dataverse_set_is_a_dataset(
    host: Host, network: Network, workspace: Path, tmp_path: Path
) -> None:
    table = (
        b"lesion_id,image_id,dx,dx_type,age,sex,localization\n"
        b"L1,ISIC_1,nv,histo,40,male,back\nL2,ISIC_2,mel,histo,50,female,face\n"
    )
    archive = zip_(tmp_path / "p.zip", {f"ISIC_{k}.jpg": png(k) for k in (1, 2)}).read_bytes()
    data = [
        {"id": 1, "filename": "part_1.zip", "filesize": len(archive),
         "md5": hashlib.md5(archive).hexdigest()},
        {"id": 2, "filename": "HAM10000_metadata.tab", "originalFileName": "HAM10000_metadata.csv",
         "filesize": 1, "originalFileSize": len(table), "md5": "0" * 32},
    ]  # fmt: skip
    listing = {"data": {"latestVersion": {"files": [{"dataFile": each} for each in data]}}}
    host.pages |= {
        "/api/datasets": json.dumps(listing).encode(),
        "/api/access/datafile/1": archive,
        "/api/access/datafile/2?format=original": table,
    }
    wanted = replace(sets.SETS["ham10000"], dataverse=f"{host.url}/api/datasets")
    found = contents(wanted, network)
    assert found.size == len(archive) + len(table)
    dataset = load_dataset(fetch(wanted, found, network))
    assert dataset.samples["sample_id"].tolist() == ["ISIC_1", "ISIC_2"]
    assert dataset.image("ISIC_2").max() == 2


@pytest.mark.parametrize("name", ["../x.zip", "/etc/x", ".bashrc", "a/b.zip", ""])
def test_a_host_names_no_place_outside(host: Host, network: Network, name: str) -> None:
    listing = {"data": {"latestVersion": {"files": [{"dataFile": {"id": 1, "filename": name}}]}}}
    host.pages["/api"] = json.dumps(listing).encode()
    with pytest.raises(InputError, match="no name to keep it under"):
        contents(replace(sets.SETS["ham10000"], dataverse=f"{host.url}/api"), network)


def collection(host: Host, count: int) -> Published:
    def image(number: int) -> dict[str, Any]:
        jpeg = io.BytesIO()
        Image.new("RGB", (9, 7), (number, 90, 80)).save(jpeg, "JPEG")
        host.pages[f"/i/{number}.jpg"] = jpeg.getvalue()
        about = {"acquisition": {"pixels_x": 9}, "clinical": {"sex": "male", "age_approx": 45}}
        about["clinical"]["diagnosis_1"] = "Benign" if number % 2 else "Malignant"
        full = {"url": f"{host.url}/i/{number}.jpg", "size": len(jpeg.getvalue())}
        return {
            "isic_id": f"ISIC_{number:07}", "copyright_license": "CC-0", "attribution": "=cmd()",
            "files": {"full": full}, "metadata": about,
        }  # fmt: skip

    rows = [image(number) for number in range(count)]
    for start in range(0, count, 2):
        following = f"{host.url}/api/images/?page={start + 2}" if start + 2 < count else None
        page = {"count": count, "next": following, "results": rows[start : start + 2]}
        host.pages[f"/api/images/?page={start}"] = json.dumps(page).encode()
    host.pages["/api/images/"] = host.pages["/api/images/?page=0"]
    return replace(find("isic-212"), dataverse=f"{host.url}/api")


def test_a_collection_of_the_isic_archive_is_a_dataset(
    host: Host, network: Network, workspace: Path
) -> None:
    wanted = collection(host, 5)
    found = contents(wanted, network)
    assert len(found.files) == 5 and found.size and "collections=212" in host.asked[0][0]
    path = fetch(wanted, found, network)
    assert path == paths.datasets() / "isic-212"
    dataset = load_dataset(path)
    assert len(dataset) == 5 and set(dataset.samples["sex"]) == {"male"}
    assert set(dataset.samples["copyright_license"]) == {"CC-0"}
    with (path / "metadata.csv").open(encoding="utf-8") as file:
        assert {row["diagnosis_1"] for row in csv.DictReader(file)} == {"Benign", "Malignant"}
    host.asked.clear()
    fetch(wanted, found, network)
    assert host.asked == []
    assert len(contents(wanted, network, 3).files) == 3


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (b"<html>", "is not JSON"),
        (b"{}", "has no 'results'"),
        (b'{"results": []}', "no images in the collection"),
        (b'{"results": [{"isic_id": "../x", "files": {"full": {"url": "u"}}}]}', "names an image"),
        (b"[" * 10_000, "JSON"),
    ],
)
def test_another_answer_than_expected_is_told(
    host: Host, network: Network, page: bytes, said: str
) -> None:
    host.pages["/api/images/"] = page
    with pytest.raises(InputError, match=said):
        contents(replace(find("isic-1"), dataverse=f"{host.url}/api"), network)


def test_pages_that_lead_round_or_away_end(host: Host, network: Network) -> None:
    wanted = collection(host, 2)
    page = json.loads(host.pages["/api/images/"])  # type: ignore[arg-type]
    for following in (f"{host.url}/api/images/", "http://localhost/x"):
        host.pages["/api/images/"] = json.dumps(page | {"next": following}).encode()
        assert len(contents(wanted, network).files) == 2


@pytest.mark.parametrize(
    "name", ["nothing", "isic-", "isic-x", "isic-1/..", "isic-" + "1" * 40, ""]
)
def test_an_unknown_name_is_told_with_those_there_are(name: str) -> None:
    with pytest.raises(InputError, match=r"expected dermamnist, .*ham10000, or isic-NUMBER"):
        find(name)


def test_every_set_names_its_licence_and_is_fetched_over_https() -> None:
    for name, each in sets.SETS.items():
        assert each.name == name and "https://" in each.licence and each.source
        assert each.home.startswith("https://")
        urls = [file.url for file in each.files] or [each.dataverse]
        assert all(url.startswith("https://") for url in urls)
        assert all(file.md5 for file in each.files)
