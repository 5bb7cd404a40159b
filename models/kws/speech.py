"""Speech for the keyword spotter, synthesised by espeak-ng and spoilt by rooms, noise and gain.

Used by train.py. Every draw comes from the generator handed in, so a seed fixes every sample.
"""

import concurrent.futures
import io
import pathlib
import re
import subprocess
import wave

import numpy as np
import scipy.signal

RATE = 16000
WORDS = ["yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go"]
SILENCE, UNKNOWN = len(WORDS), len(WORDS) + 1
LABELS = WORDS + ["silence", "unknown"]

OTHER_WORDS = """bed bird cat dog eight five four happy house nine one seven six three tree two wow zero shop ran love
music water table green follow forward backward learn nest lift town hello top copper rice site gone grow opera half
step yellow not under light wife an oven""".split()
OTHER_WORDS_TEST_ONLY = "paper window sister radio orange kitchen monday planet thunder apple ghost list navy could".split()

ACCENTS = ["en-gb", "en-us", "en-gb-scotland", "en-gb-x-gbclan", "en-gb-x-rp", "en-gb-x-gbcwmd", "en-029", "en-us-nyc"]
# Effects rather than speakers.
NOT_SPEAKERS = re.compile(r"robo|Robot|Demonic|kaukovalta|Mr serious|fast|croak")


def speakers(rng):
    """espeak-ng's voice variants as (train, test); relatives such as klatt and klatt4 stay on one side."""
    folder = subprocess.run(["espeak-ng", "--version"], capture_output=True, text=True, check=True)
    data = pathlib.Path(folder.stdout.split("Data at:")[1].strip())
    names = sorted(p.name for p in (data / "voices" / "!v").iterdir() if not NOT_SPEAKERS.search(p.name))
    families = {}
    for name in names:
        family = name if re.fullmatch(r"[fm]\d", name) else re.sub(r"\d+$", "", name)
        families.setdefault(family.lower(), []).append(name)
    order = list(families)
    rng.shuffle(order)
    cut = len(order) // 4
    return (sorted(v for f in order[cut:] for v in families[f]), sorted(v for f in order[:cut] for v in families[f]))


def say(job):
    """One spoken word as float64 at 16 kHz, trimmed to where the sound is."""
    word, accent, variant, speed, pitch = job
    done = subprocess.run(["espeak-ng", "-v", f"{accent}+{variant}", "-s", str(speed), "-p", str(pitch), "--stdout", word],
                          capture_output=True, check=True)
    with wave.open(io.BytesIO(done.stdout)) as f:
        assert f.getframerate() == 22050 and f.getnchannels() == 1 and f.getsampwidth() == 2
        # espeak-ng cannot know the length of a stream: read what is there, not what the header says.
        sound = np.frombuffer(f.readframes(1 << 20), np.int16).astype(np.float64) / 32768
    sound = scipy.signal.resample_poly(sound, 320, 441)
    loud = np.flatnonzero(np.abs(sound) > 0.02 * np.abs(sound).max())
    sound = sound[loud[0]:loud[-1] + 1]
    return sound / np.abs(sound).max()


def jobs(rng, voices, per_voice, others, others_per_voice):
    """What to say: every word by every voice, in accents, speeds and pitches drawn at random."""
    out = []
    for variant in voices:
        words = [w for w in WORDS for _ in range(per_voice)] + list(rng.choice(others, others_per_voice))
        for word in words:
            label = WORDS.index(word) if word in WORDS else UNKNOWN
            out.append((label, (str(word), str(rng.choice(ACCENTS)), variant, int(rng.integers(110, 231)),
                                int(rng.integers(10, 91)))))
    return out


def say_all(todo):
    """Every job's sound, on both cores, in the jobs' order."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return list(pool.map(say, [job for _, job in todo]))


def coloured(rng, n, slope):
    """Noise whose power falls as frequency^-slope, of unit RMS."""
    spectrum = rng.normal(size=n // 2 + 1) + 1j * rng.normal(size=n // 2 + 1)
    spectrum *= np.maximum(np.arange(n // 2 + 1), 4.0) ** (-slope / 2)
    noise = np.fft.irfft(spectrum, n)
    return noise / np.sqrt((noise ** 2).mean())


def background(rng, sounds, n=RATE):
    """One second of noise of unit RMS: coloured, hum, tone, clicks or babble."""
    kind = rng.integers(0, 6)
    if kind <= 2:
        noise = coloured(rng, n, rng.uniform(0, 2))
    elif kind == 3:  # mains hum or a fan: a fundamental with harmonics over some hiss
        t = np.arange(n) / RATE
        base = rng.uniform(45, 400)
        noise = sum(rng.uniform(0, 1) / k * np.sin(2 * np.pi * (base * k * t + rng.uniform())) for k in range(1, 7))
        noise = noise + 0.2 * coloured(rng, n, 1)
    elif kind == 4:  # clicks and knocks
        noise = 0.05 * coloured(rng, n, 1)
        for _ in range(rng.integers(1, 8)):
            at, length = rng.integers(0, n - 200), rng.integers(40, 200)
            noise[at:at + length] += rng.normal(size=length) * np.exp(-np.arange(length) / (length / 5))
    else:  # babble: several voices at once, no word to be made out
        noise = 0.05 * coloured(rng, n, 1)
        for index in rng.integers(0, len(sounds), 8):
            sound = sounds[index][::-1]
            at = rng.integers(0, n)
            piece = np.resize(np.concatenate([sound, np.zeros(800)]), n)
            noise += rng.uniform(0.3, 1) * np.roll(piece, at)
    return noise / np.sqrt((noise ** 2).mean())


def room(rng, sound):
    """A short reverberation and a tilt of the spectrum, as a small room and a cheap microphone give."""
    length = int(rng.uniform(0.01, 0.12) * RATE)
    response = rng.normal(size=length) * np.exp(-6 * np.arange(length) / length) * rng.uniform(0, 0.25)
    response[0] = 1
    sound = scipy.signal.fftconvolve(sound, response)
    tilt = rng.uniform(-0.5, 0.5)
    return scipy.signal.lfilter([1, -tilt], [1], sound)


def clip(rng, sound, sounds):
    """A second of int16: the sound (or none) somewhere in it, noise at 0 to 35 dB below, any gain."""
    out = np.zeros(RATE)
    if sound is not None:
        if rng.random() < 0.7:
            sound = room(rng, sound)
        if len(sound) > RATE:
            sound = sound[:RATE]
        at = rng.integers(0, RATE - len(sound) + 1)
        out[at:at + len(sound)] = sound
        level = np.sqrt((sound ** 2).mean())
        out += background(rng, sounds) * level * 10 ** (-rng.uniform(2, 35) / 20)
    elif rng.random() < 0.95:
        out = background(rng, sounds) * 10 ** rng.uniform(-2, 0)
    peak = np.abs(out).max()
    gain = 10 ** (-rng.uniform(1, 32 if sound is not None else 60) / 20)
    out = out * (gain / peak if peak > 0 else 0)
    dither = rng.normal(size=RATE) * rng.choice([0.0, 0.5, 4.0]) / 32768
    return np.clip(np.rint((out + dither) * 32768), -32768, 32767).astype(np.int16)


def data_set(rng, todo, sounds, copies):
    """(clips, labels): `copies` spoilt versions of every sound, and silence a twelfth of the whole."""
    clips, labels = [], []
    for (label, _), sound in zip(todo, sounds):
        for _ in range(copies):
            clips.append(clip(rng, sound, sounds))
            labels.append(label)
    for _ in range(len(clips) // (len(LABELS) - 1)):
        clips.append(clip(rng, None, sounds))
        labels.append(SILENCE)
    return np.stack(clips), np.array(labels)
