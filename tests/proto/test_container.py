"""The container: what is written can be read, by weft and by ordinary tools; what is damaged is refused."""

import json
import os
import random
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from weft.proto.container import MANIFEST, PAGE, Container, write_container
from weft.proto.errors import WeftError
from weft.proto.limits import Limits


def write(path: Path, **members: bytes) -> Path:
    with write_container(path, "test") as w:
        for name, data in members.items():
            w.add(name.replace("__", "/"), [data], align=PAGE)
    return path


def code_of(path: Path, format: str = "test") -> str:
    """The code of the error that opening the container and reading all of it gives."""
    with pytest.raises(WeftError) as e, Container(path, format) as c:
        for name in c.names:
            c.read(name)
    return e.value.code


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "a.test", first=b"hello", folder__second=bytes(range(256)) * 40, empty=b"")


def test_members_come_back_aligned(file: Path) -> None:
    with Container(file, "test") as c:
        assert c.names == ("first", "folder/second", "empty")
        assert c.read("first") == b"hello"
        assert c.view("folder/second").readonly and bytes(c.view("folder/second")) == bytes(range(256)) * 40
        assert all(c.place(name)[1] % PAGE == 0 for name in c.names)
        view = c.view("first")
    assert bytes(view) == b"hello"  # a view outlives the container


def test_ordinary_tools_open_it(file: Path) -> None:
    with zipfile.ZipFile(file) as z:
        assert z.testzip() is None
        assert z.namelist() == ["first", "folder/second", "empty", MANIFEST]
        assert z.read("first") == b"hello"
    assert subprocess.run([sys.executable, "-m", "zipfile", "-t", file], capture_output=True, check=True).returncode == 0


def test_the_same_members_make_the_same_file(file: Path, tmp_path: Path) -> None:
    again = write(tmp_path / "b.test", first=b"hello", folder__second=bytes(range(256)) * 40, empty=b"")
    assert again.read_bytes() == file.read_bytes()


def test_zeros_become_holes(tmp_path: Path) -> None:
    file = write(tmp_path / "a.test", zeros=bytes(32 << 20))
    assert file.stat().st_size > 32 << 20
    assert file.stat().st_blocks * 512 < 1 << 20
    with Container(file, "test") as c:
        c.verify("zeros")


def test_a_failed_write_leaves_the_old_file(file: Path) -> None:
    before = file.read_bytes()
    with pytest.raises(RuntimeError), write_container(file, "test") as w:
        w.add("first", [b"new"])
        raise RuntimeError
    assert file.read_bytes() == before
    assert os.listdir(file.parent) == [file.name]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(WeftError, match="No such file") as e:
        write(tmp_path / "nowhere" / "a.test")
    assert e.value.code == "file.write"


@pytest.mark.parametrize("name", ["../up", "/root", "a//b", "a/../b", ".hidden", "a\\b", "", "a" * 201, "nul\0"])
def test_names_that_could_leave_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError), write_container(tmp_path / "a.test", "test") as w:
        w.add(name, [b""])
    if "\0" in name or not name:
        return
    with zipfile.ZipFile(tmp_path / "b.test", "w") as z:
        z.writestr(zipfile.ZipInfo(name), b"")
    assert code_of(tmp_path / "b.test") == "container.name"


def test_not_a_container(tmp_path: Path) -> None:
    path = tmp_path / "x"
    for data, code in [(b"", "container.magic"), (b"hello" * 100, "container.magic"), (b"PK\3\4" + b"x" * 100, "container.truncated")]:
        path.write_bytes(data)
        assert code_of(path) == code
    assert code_of(tmp_path) == code_of(tmp_path / "missing") == code_of(Path("nul\0")) == "file.read"
    os.mkfifo(tmp_path / "pipe")
    assert code_of(tmp_path / "pipe") == "file.read"
    with zipfile.ZipFile(path, "w") as z:
        z.writestr("a", "b")
    assert code_of(path) == "container.manifest"


def test_compressed_duplicate_and_unlisted_members(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("a", "b" * 1000)
    assert code_of(path) == "container.compressed"
    with zipfile.ZipFile(path, "w") as z, pytest.warns(UserWarning):
        z.writestr("a", "b")
        z.writestr("a", "c")
    assert code_of(path) == "container.duplicate"
    with zipfile.ZipFile(path, "w") as z:
        z.writestr("a", "b")
        z.writestr(MANIFEST, json.dumps({"format": "test", "version": 1, "members": {}}))
    assert code_of(path) == "container.manifest"


@pytest.mark.parametrize(
    ("manifest", "code"),
    [
        ("", "manifest"),
        ("[" * 100_000, "manifest"),
        ("[]", "manifest"),
        ('{"format": "test", "version": 1, "members": {"a": 3}}', "manifest"),
        ('{"format": "other", "version": 1, "members": {}}', "format"),
        ('{"format": "test", "version": 99, "members": {}}', "version"),
        ('{"format": "test", "version": 1, "members": {"a": {"size": 9, "sha256": ""}}}', "manifest"),
    ],
)
def test_manifests_that_lie(tmp_path: Path, manifest: str, code: str) -> None:
    with zipfile.ZipFile(tmp_path / "x", "w") as z:
        z.writestr(MANIFEST, manifest)
    assert code_of(tmp_path / "x") == f"container.{code}"


def test_a_member_past_the_limit_is_not_read(file: Path) -> None:
    with Container(file, "test", Limits(metadata_bytes=100)) as c, pytest.raises(WeftError, match="metadata_bytes") as e:
        c.read("folder/second")
    assert e.value.code == "container.size"


def test_one_changed_byte_fails_the_digest(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[data.index(b"hello")] ^= 1
    file.write_bytes(data)
    assert code_of(file) == "container.digest"


def test_every_truncation_is_refused(file: Path) -> None:
    data = file.read_bytes()
    for length in [*range(0, len(data), 97), *range(len(data) - 200, len(data))]:
        file.write_bytes(data[:length])
        assert code_of(file).startswith("container.")


def test_overlapping_members_and_lying_sizes(file: Path) -> None:
    """The size of the first member in the directory made to reach into the second, and past the end of the file."""
    data = file.read_bytes()
    entry = data.index(b"PK\1\2")
    size = entry + 46 + len("first") + 4
    assert struct.unpack_from("<QQ", data, size) == (5, 5)
    for lie, code in [(PAGE * 2, "overlap"), (1 << 40, "truncated"), ((1 << 64) - 1, "truncated")]:
        file.write_bytes(data[:size] + struct.pack("<QQ", lie, lie) + data[size + 16 :])
        assert code_of(file) == f"container.{code}"


def test_noise_in_headers_is_an_error_or_harmless(file: Path) -> None:
    """Single bytes changed anywhere but in padding: a `WeftError`, or a file that reads as before."""
    data = file.read_bytes()
    rng = random.Random(0)
    directory = data.rindex(b"PK\1\2", 0, data.index(b"PK\6\6")) - 300
    for _ in range(3000):
        noisy = bytearray(data)
        for _ in range(rng.choice([1, 1, 4])):
            noisy[rng.choice([rng.randrange(64), rng.randrange(directory, len(data))])] = rng.randrange(256)
        file.write_bytes(noisy)
        try:
            with Container(file, "test") as c:
                assert [len(c.read(name)) for name in c.names] == [5, 256 * 40, 0]
        except WeftError:
            pass
