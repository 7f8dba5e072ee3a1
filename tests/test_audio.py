from __future__ import annotations

import numpy as np
import pytest
import soundfile

from drywet.audio.read import blocks, probe, read
from drywet.audio.resample import StreamResampler, resample
from drywet.audio.write import write
from drywet.errors import DrywetError
from drywet.metrics import time
from tests.support import RATE, playing, save

X = playing(2)


@pytest.mark.parametrize(
    ("name", "subtype", "tolerance"),
    [
        ("a.wav", "PCM_16", 2**-15),
        ("a.wav", "PCM_24", 2**-23),
        ("a.wav", "PCM_32", 2**-24),
        ("a.wav", "FLOAT", 0),
        ("a.wav", "DOUBLE", 0),
        ("a.flac", "PCM_16", 2**-15),
        ("a.flac", "PCM_24", 2**-23),
        ("a.aiff", "PCM_16", 2**-15),
        ("a.aiff", "FLOAT", 0),
    ],
)
def test_lossless_formats_come_back_to_their_last_bit(tmp_path, name, subtype, tolerance):
    soundfile.write(tmp_path / name, X, RATE, subtype=subtype)
    y, rate = read(tmp_path / name)
    assert rate == RATE
    assert y.dtype == np.float32
    assert len(y) == len(X)
    assert np.max(np.abs(y - X)) <= tolerance


@pytest.mark.parametrize(("name", "subtype"), [("a.ogg", "VORBIS"), ("a.mp3", "MPEG_LAYER_III")])
def test_lossy_formats_come_back_recognisable(tmp_path, name, subtype):
    x = playing(2, 44_100)
    soundfile.write(tmp_path / name, x, 44_100, subtype=subtype)
    y, _ = read(tmp_path / name)
    n = min(len(x), len(y))
    assert abs(len(x) - len(y)) < 4000
    assert np.sum((x[:n] - y[:n]) ** 2) < 0.05 * np.sum(x**2)


def test_blocks_join_to_the_whole(tmp_path):
    path = save(tmp_path / "a.wav", X)
    for frames in (1000, 4096, 50_000):
        assert np.array_equal(np.concatenate(list(blocks(path, frames=frames))), X)


def test_stereo_asks_for_a_channel(tmp_path):
    path = save(tmp_path / "a.wav", np.stack([X, 0.5 * X], axis=1))
    with pytest.raises(DrywetError, match="--channel 1 to 2"):
        read(path)
    assert np.array_equal(read(path, 1)[0], X)
    assert np.array_equal(read(path, 2)[0], 0.5 * X)
    with pytest.raises(DrywetError, match="not a channel 3"):
        read(path, 3)


def test_stereo_of_two_equal_channels_is_mono(tmp_path):
    path = save(tmp_path / "a.wav", np.stack([X, X], axis=1))
    assert np.array_equal(read(path)[0], X)


def test_written_files_read_the_same(tmp_path):
    for name in ("a.wav", "a.aiff"):
        write(tmp_path / name, X, RATE)
        assert np.array_equal(read(tmp_path / name)[0], X)
    assert probe(tmp_path / "a.wav").seconds == pytest.approx(2)


def test_a_failed_write_leaves_nothing(tmp_path):
    from drywet.audio.write import writer

    class BoomError(Exception):
        pass

    with pytest.raises(BoomError), writer(tmp_path / "a.wav", RATE) as append:
        append(X)
        raise BoomError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("source", [16_000, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("target", [22_050, 44_100, 48_000])
def test_resampled_sines_are_sines(source, target):
    """A sine below both Nyquists must come out as that sine: -120 dB of anything else."""
    t = np.arange(source) / source
    for frequency in (100.0, 1000.0, 5000.0):
        y = resample(np.sin(2 * np.pi * frequency * t).astype(np.float32), source, target)
        u = np.arange(len(y)) / target
        want = np.sin(2 * np.pi * frequency * u)
        middle = slice(len(y) // 4, 3 * len(y) // 4)
        assert np.max(np.abs(y[middle] - want[middle])) < 2e-6


def test_resampling_in_pieces_is_resampling_whole():
    rng = np.random.default_rng(1)
    whole = resample(X, RATE, 44_100)
    stream = StreamResampler(RATE, 44_100)
    parts, at = [], 0
    while at < len(X):
        n = int(rng.integers(1, 3000))
        parts.append(stream.process(X[at : at + n]))
        at += n
    parts.append(stream.process(np.zeros(0, np.float32), last=True))
    joined = np.concatenate(parts)
    assert len(joined) == len(whole)
    assert np.max(np.abs(joined - whole)) < 1e-6


def test_resampling_keeps_time():
    """An impulse lands where it was: no delay to add up on the way there and back."""
    x = np.zeros(48_000, np.float32)
    x[24_000] = 1
    there = resample(x, 48_000, 22_050)
    assert np.argmax(np.abs(there)) == round(24_000 * 22_050 / 48_000)
    assert np.argmax(np.abs(resample(there, 22_050, 48_000))) == 24_000


def test_long_files_are_written_in_every_format(tmp_path):
    """libsndfile's Vorbis encoder dies of minutes handed over at once."""
    x = np.tile(playing(10, 48_000), 18)
    for name in ("a.ogg", "a.flac"):
        write(tmp_path / name, x, 48_000)
        assert abs(probe(tmp_path / name).frames - len(x)) < 5000


@pytest.mark.parametrize("ending", ["wav", "flac", "aiff", "w64", "rf64", "caf", "au"])
def test_every_lossless_ending_is_written_and_read_back(tmp_path, ending):
    signal = playing(1.0)
    write(tmp_path / f"a.{ending}", signal, RATE)
    found, rate = read(tmp_path / f"a.{ending}")
    assert rate == RATE
    assert np.abs(found - signal).max() <= 2.0**-23


@pytest.mark.parametrize(("ending", "esr"), [("mp3", 0.01), ("ogg", 0.02), ("opus", 0.05)])
def test_lossy_endings_are_written_in_time(tmp_path, ending, esr):
    signal = playing(3.0, 48_000)
    write(tmp_path / f"a.{ending}", signal, 48_000)
    found, rate = soundfile.read(tmp_path / f"a.{ending}")
    assert rate == 48_000
    count = min(len(found), len(signal))
    assert abs(len(found) - len(signal)) < 2400
    assert time.esr(found[:count], signal[:count].astype(np.float64)) < esr
