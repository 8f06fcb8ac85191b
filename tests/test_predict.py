import hashlib
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from whole_maps import whole_map

from satseg.errors import BandError, Cancelled, ModelError, SceneError, StorageError
from satseg.predict import ThisProcess, predict_scene
from satseg.probability import encode
from satseg.scene import open_scene
from satseg.windows import Window

Factory = Callable[..., Path]
Numbers = Callable[..., NDArray[np.generic]]
Kind = Callable[..., object]


def pattern(height: int, width: int, dtype: str, islands: bool, seed: int) -> NDArray[np.generic]:
    rng = np.random.default_rng(seed)
    data = rng.integers(1, 255, (3, height, width)).astype(dtype)
    if islands:
        data[:, rng.random((height, width)) < 0.4] = 0
        data[:, : height // 3] = 0
        data[:, -1, -1] = 7
    return data


@given(
    height=st.integers(1, 70),
    width=st.integers(1, 70),
    patch=st.sampled_from([8, 16, 33]),
    overlap=st.sampled_from([0, 1, 4, 7]),
    islands=st.booleans(),
    gsd=st.sampled_from([None, 0.6, 1.3, 0.41]),
    value=st.floats(0, 1, width=32),
)
def test_constant_model_gives_a_constant_map_including_borders(
    geotiff: Factory,
    constant_predictor: Kind,
    height: int,
    width: int,
    patch: int,
    overlap: int,
    islands: bool,
    gsd: float | None,
    value: float,
) -> None:
    scene = open_scene(geotiff(pattern(height, width, "uint8", islands, 0), nodata=0))
    predictor = constant_predictor(
        value, patch_px=patch, overlap_px=min(overlap, patch - 1), gsd_m=gsd
    )
    found = whole_map(scene, predictor)
    assert found.shape == scene.grid_at(gsd).shape
    np.testing.assert_allclose(found.compressed(), value, atol=1e-6)
    seen = scene.read(Window(0, 0, *found.shape), gsd_m=gsd)
    np.testing.assert_array_equal(np.ma.getmaskarray(found), np.ma.getmaskarray(seen)[0])


@given(
    crs=st.sampled_from(["EPSG:4326", "EPSG:32651", "EPSG:3857"]),
    dtype=st.sampled_from(["uint8", "uint16", "float32"]),
    tiled=st.booleans(),
    overlap=st.sampled_from([0, 1, 5]),
    gsd=st.sampled_from([None, 0.7]),
    seed=st.integers(0, 3),
)
def test_identity_model_reproduces_the_scene(
    geotiff: Factory,
    identity_predictor: Kind,
    crs: str,
    dtype: str,
    tiled: bool,
    overlap: int,
    gsd: float | None,
    seed: int,
) -> None:
    layout = {"tiled": True, "blockxsize": 16, "blockysize": 32} if tiled else {}
    data = pattern(41 + seed, 67 - 5 * seed, dtype, True, seed)
    scene = open_scene(geotiff(data, crs=crs, nodata=0, **layout))
    found = whole_map(scene, identity_predictor(overlap_px=overlap, gsd_m=gsd, bands=("green",)))
    expected = scene.read(Window(0, 0, *found.shape), gsd_m=gsd, bands=("green",))[0]
    np.testing.assert_allclose(found.data, expected.data, atol=1e-6)
    np.testing.assert_array_equal(np.ma.getmaskarray(found), np.ma.getmaskarray(expected))


@pytest.mark.parametrize("count", [4, 8])
@pytest.mark.parametrize(
    "transform",
    [
        Affine(0.6, 0, 380000, 0, 0.6, 3455000),
        Affine.translation(380000, 3455000) @ Affine.rotation(-40) @ Affine.scale(0.6, -0.6),
    ],
    ids=["south-up", "rotated"],
)
def test_map_lies_where_the_scene_lies(
    geotiff: Factory,
    random_dn: Numbers,
    identity_predictor: Kind,
    tmp_path: Path,
    count: int,
    transform: Affine,
) -> None:
    scene = open_scene(geotiff(random_dn((count, 50, 34)), transform=transform))
    grid = predict_scene(scene, identity_predictor(bands=("nir1",)), tmp_path / "map.tif")
    assert grid == scene.grid
    with rasterio.open(tmp_path / "map.tif") as dataset:
        assert dataset.transform.almost_equals(transform)
        codes = dataset.read(1)
    expected = scene.read(Window(0, 0, 50, 34), bands=("nir1",))[0]
    np.testing.assert_allclose(codes, expected.data * 254, atol=0.501)


def test_scene_smaller_than_a_window_is_padded_by_reflection(
    geotiff: Factory, random_dn: Numbers
) -> None:
    scene = open_scene(geotiff(random_dn((3, 5, 3))))

    @dataclass
    class Watching:
        bands: tuple[str, ...] = ("red",)
        gsd_m: float | None = None
        patch_px: int = 8
        overlap_px: int = 2
        seen: NDArray[np.float32] | None = None

        def probabilities(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
            self.seen = batch
            return batch[:, 0]

    watching = Watching()
    found = whole_map(scene, watching)
    red = scene.read(Window(0, 0, 5, 3), bands=("red",)).data
    assert watching.seen is not None
    np.testing.assert_array_equal(watching.seen[0, 0, :5, :3], red[0])
    np.testing.assert_array_equal(watching.seen[0, 0, 5], watching.seen[0, 0, 3])
    np.testing.assert_array_equal(watching.seen[0, 0, :, 4], watching.seen[0, 0, :, 0])
    np.testing.assert_allclose(found.data, red[0], atol=1e-6)


def test_windows_of_one_pixel_work(
    geotiff: Factory, random_dn: Numbers, identity_predictor: Kind
) -> None:
    scene = open_scene(geotiff(random_dn((3, 3, 4))))
    found = whole_map(scene, identity_predictor(patch_px=1, overlap_px=0))
    np.testing.assert_allclose(found.data, scene.read(Window(0, 0, 3, 4)).data[0], atol=1e-6)


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (16, 16)])
def test_scenes_of_one_row_or_column_work(
    geotiff: Factory, random_dn: Numbers, constant_predictor: Kind, shape: tuple[int, int]
) -> None:
    found = whole_map(open_scene(geotiff(random_dn((3, *shape)))), constant_predictor(0.25))
    assert found.shape == shape
    np.testing.assert_allclose(found.compressed(), 0.25, atol=1e-6)


def test_bytes_of_the_map_do_not_depend_on_the_batch_size(
    geotiff: Factory, random_dn: Numbers, identity_predictor: Kind, tmp_path: Path
) -> None:
    data = random_dn((3, 83, 71))
    data[:, 20:50, 10:60] = 0
    scene = open_scene(geotiff(data, nodata=0))
    digests = set()
    for batch_size in (1, 2, 5, 64):
        output = tmp_path / "map.tif"
        engine = ThisProcess(batch_size=batch_size)
        predict_scene(scene, identity_predictor(gsd_m=0.73), output, engine=engine)
        digests.add(hashlib.sha256(output.read_bytes()).hexdigest())
    assert len(digests) == 1


def test_windows_without_data_never_reach_the_model(geotiff: Factory, random_dn: Numbers) -> None:
    data = random_dn((3, 16, 48))
    data[:, :, 16:] = 0

    class Counting:
        bands = ("red",)
        gsd_m = None
        patch_px = 16
        overlap_px = 0
        windows = 0

        def probabilities(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
            self.windows += len(batch)
            return batch[:, 0]

    counting = Counting()
    found = whole_map(open_scene(geotiff(data, nodata=0)), counting)
    assert counting.windows == 1
    assert np.ma.getmaskarray(found)[:, 16:].all()
    assert not np.ma.getmaskarray(found)[:, :16].any()


def test_map_tells_its_provenance(
    geotiff: Factory, random_dn: Numbers, constant_predictor: Kind, tmp_path: Path
) -> None:
    path = geotiff(random_dn((3, 20, 20)), tags={"SATSEG_SIMULATED": "YES"})
    scene = open_scene(path, date="2019-05-04")
    predict_scene(scene, constant_predictor(1.0), tmp_path / "m.tif", tags={"SATSEG_MODEL": "x"})
    with rasterio.open(tmp_path / "m.tif") as dataset:
        tags = dataset.tags()
        assert dataset.nodata == 255
        assert dataset.scales == (pytest.approx(1 / 254),)
        assert (dataset.read(1) == 254).all()
    assert tags["SATSEG_SCENE"] == "scene.tif"
    assert tags["SATSEG_DATE"] == "2019-05-04"
    assert tags["SATSEG_BANDS"] == "red,green,blue"
    assert tags["SATSEG_SIMULATED"] == "YES"
    assert tags["SATSEG_MODEL"] == "x"
    assert tags["SATSEG_SOFTWARE"].startswith("satseg ")
    assert tags["SATSEG_GSD_M"] == "0.6001 x 0.6001"


def test_file_holds_the_rounded_whole_map(
    geotiff: Factory, random_dn: Numbers, identity_predictor: Kind, tmp_path: Path
) -> None:
    data = random_dn((3, 30, 30))
    data[:, 3:9] = 0
    scene = open_scene(geotiff(data, nodata=0))
    found = whole_map(scene, identity_predictor())
    predict_scene(scene, identity_predictor(), tmp_path / "map.tif")
    with rasterio.open(tmp_path / "map.tif") as dataset:
        codes = dataset.read(1)
    np.testing.assert_array_equal(codes, encode(found.data, ~np.ma.getmaskarray(found)))
    assert (codes[3:9] == 255).all()


def test_progress_reaches_the_number_of_windows(
    geotiff: Factory, random_dn: Numbers, constant_predictor: Kind, tmp_path: Path
) -> None:
    calls: list[tuple[int, int]] = []
    scene = open_scene(geotiff(random_dn((3, 40, 40))))
    predict_scene(
        scene,
        constant_predictor(0.5),
        tmp_path / "map.tif",
        engine=ThisProcess(batch_size=2),
        progress=lambda *call: calls.append(call),
    )
    assert calls == [(0, 9), (2, 9), (4, 9), (6, 9), (8, 9), (9, 9)]


def test_cancelling_leaves_nothing_and_ends_the_reading_thread(
    geotiff: Factory, random_dn: Numbers, constant_predictor: Kind, tmp_path: Path
) -> None:
    scene = open_scene(geotiff(random_dn((3, 90, 90))))
    answers = iter([False, False, True])
    output = tmp_path / "maps" / "map.tif"
    with pytest.raises(Cancelled):
        predict_scene(scene, constant_predictor(0.5), output, cancelled=lambda: next(answers))
    assert list(output.parent.iterdir()) == []
    assert not [each for each in threading.enumerate() if each.name.startswith("satseg-read")]


def test_missing_bands_are_found_before_anything_is_written(
    geotiff: Factory, random_dn: Numbers, identity_predictor: Kind, tmp_path: Path
) -> None:
    scene = open_scene(geotiff(random_dn((3, 20, 20))))
    output = tmp_path / "maps" / "map.tif"
    with pytest.raises(BandError, match="missing: red_edge"):
        predict_scene(scene, identity_predictor(bands=("red_edge",)), output)
    assert not output.parent.exists()


@pytest.mark.parametrize("fault", ["shape", "nan"])
def test_unusable_answers_of_a_model_are_refused(
    geotiff: Factory, random_dn: Numbers, constant_predictor: Kind, fault: str
) -> None:
    class Faulty(constant_predictor):  # type: ignore[misc,valid-type]
        def probabilities(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
            found = super().probabilities(batch)
            return found[:, 1:] if fault == "shape" else found * np.float32("nan")

    scene = open_scene(geotiff(random_dn((3, 20, 20))))
    with pytest.raises(ModelError, match="finite probabilities of shape"):
        whole_map(scene, Faulty(0.5))
    with pytest.raises(ModelError, match="a batch of at least 1"):
        whole_map(scene, constant_predictor(0.5), batch_size=0)


def test_scene_damaged_after_opening_fails_and_leaves_nothing(
    geotiff: Factory, random_dn: Numbers, constant_predictor: Kind, tmp_path: Path
) -> None:
    path = geotiff(random_dn((3, 300, 100)), compress="deflate")
    scene = open_scene(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    output = tmp_path / "maps" / "map.tif"
    with pytest.raises(SceneError, match="truncated or damaged"):
        predict_scene(scene, constant_predictor(0.5), output)
    assert list(output.parent.iterdir()) == []


DISK_FULL = """
import resource, signal, sys
from pathlib import Path
from satseg.errors import StorageError
from satseg.predict import predict_scene
from satseg.scene import open_scene

class Identity:
    bands, gsd_m, patch_px, overlap_px = ("red",), None, 128, 16
    def probabilities(self, batch):
        return batch[:, 0]

scene = open_scene(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)
try:
    predict_scene(scene, Identity(), Path(sys.argv[2]))
except StorageError as error:
    print(error)
    sys.exit(7)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="needs POSIX file size limits")
@pytest.mark.parametrize("share", [0.02, 0.5, 0.85, 0.999])
def test_full_disk_is_reported_and_leaves_the_old_map(
    geotiff: Factory, random_dn: Numbers, identity_predictor: Kind, tmp_path: Path, share: float
) -> None:
    path = geotiff(random_dn((3, 500, 600)))
    output = tmp_path / "maps" / "map.tif"
    predict_scene(open_scene(path), identity_predictor(patch_px=128, overlap_px=16), output)
    before = output.read_bytes()
    limit = int(len(before) * share)
    done = subprocess.run(
        [sys.executable, "-c", DISK_FULL, str(path), str(output), str(limit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 7, done.stderr
    assert "Free space in" in done.stdout
    assert output.read_bytes() == before
    assert list(output.parent.iterdir()) == [output]


def test_full_disk_is_the_cause_of_failure_above(
    geotiff: Factory, random_dn: Numbers, tmp_path: Path
) -> None:
    path = geotiff(random_dn((3, 500, 600)))
    output = tmp_path / "maps" / "map.tif"
    command = [sys.executable, "-c", DISK_FULL, str(path), str(output), str(10**9)]
    assert subprocess.run(command, check=False).returncode == 0
    assert output.is_file()


def test_storage_error_is_what_users_see(
    geotiff: Factory, random_dn: Numbers, constant_predictor: Kind, tmp_path: Path
) -> None:
    scene = open_scene(geotiff(random_dn((3, 20, 20))))
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="room and permission"):
        predict_scene(scene, constant_predictor(0.5), tmp_path / "file" / "map.tif")


def test_real_tile_keeps_crs_footprint_and_orientation(
    shanghai_tile: Path, identity_predictor: Kind, tmp_path: Path
) -> None:
    scene = open_scene(shanghai_tile, date="2015-06-06")
    predictor = identity_predictor(gsd_m=0.6, patch_px=128, overlap_px=32)
    grid = predict_scene(scene, predictor, tmp_path / "map.tif")
    np.testing.assert_allclose(grid.bounds, scene.grid.bounds, atol=1e-9)
    with rasterio.open(tmp_path / "map.tif") as dataset:
        assert dataset.crs.to_epsg() == 4326
        np.testing.assert_allclose(dataset.bounds, scene.grid.bounds, atol=1e-9)
        codes = dataset.read(1)
    red = scene.read(Window(0, 0, *grid.shape), gsd_m=0.6, bands=("red",))
    np.testing.assert_allclose(codes, red.data[0] * 254, atol=0.501)
