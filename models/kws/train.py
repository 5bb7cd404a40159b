"""Makes the speech, trains, converts and records the keyword spotter: `python models/kws/train.py`, about ten minutes.

Needs the packages of ../requirements.txt and espeak-ng 1.51. Everything in this folder but the three scripts
(train.py, speech.py, front_end.py) is its output.
"""

import os
import pathlib
import subprocess
import sys
import wave

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]
import record

import keras
import numpy as np
import tensorflow as tf

import front_end
import speech

SEED = 7
CHANNELS = 56
EPOCHS = 24
COPIES = 6
TEST_COPIES = 2
STEPS_PER_SIGMA = 32  # int8 holds four standard deviations on either side of the mean


def network(shape):
    """A convolution over time and frequency, four depthwise-separable blocks, an average, one dense layer."""
    layers = keras.layers

    def block(x, layer):
        return layers.ReLU()(layers.BatchNormalization()(layer(x)))

    x = inputs = keras.Input(shape)
    x = block(x, layers.Conv2D(CHANNELS, (10, 4), strides=2, padding="same", use_bias=False))
    x = layers.Dropout(0.1)(x)
    for _ in range(4):
        x = block(x, layers.DepthwiseConv2D(3, padding="same", use_bias=False))
        x = block(x, layers.Conv2D(CHANNELS, 1, use_bias=False))
    x = layers.AveragePooling2D((x.shape[1], x.shape[2]))(x)
    x = layers.Flatten()(x)
    x = layers.Dropout(0.2)(x)
    x = layers.Dense(len(speech.LABELS))(x)
    return keras.Model(inputs, layers.Softmax()(x))


def write_wav(path, samples):
    """16 kHz mono int16."""
    with wave.open(str(path), "wb") as f:
        f.setnchannels(1)
        f.setsampwidth(2)
        f.setframerate(speech.RATE)
        f.writeframes(samples.astype("<i2").tobytes())


def main():
    keras.utils.set_random_seed(SEED)
    tf.config.experimental.enable_op_determinism()
    rng = np.random.default_rng(SEED)
    c = front_end.KWS

    train_voices, test_voices = speech.speakers(rng)
    train_jobs = speech.jobs(rng, train_voices, 5, speech.OTHER_WORDS, 10)
    test_jobs = speech.jobs(rng, test_voices, 5, speech.OTHER_WORDS[::4] + speech.OTHER_WORDS_TEST_ONLY, 10)
    train_sounds, test_sounds = speech.say_all(train_jobs), speech.say_all(test_jobs)
    print(f"{len(train_voices)} + {len(test_voices)} voices, {len(train_sounds)} + {len(test_sounds)} spoken words", flush=True)
    train_clips, train_y = speech.data_set(rng, train_jobs, train_sounds, COPIES)
    test_clips, test_y = speech.data_set(rng, test_jobs, test_sounds, TEST_COPIES)

    train_mfcc, test_mfcc = front_end.clip_features(train_clips, c), front_end.clip_features(test_clips, c)
    flat = train_mfcc.reshape(-1, c.coefficients)
    mean = np.rint(flat.mean(0)).astype(np.int64)
    gain = np.rint(STEPS_PER_SIGMA * 2.0 ** 32 / flat.std(0)).astype(np.int64)
    train_q = front_end.quantise(train_mfcc, mean, gain, 0)[..., None]
    test_q = front_end.quantise(test_mfcc, mean, gain, 0)[..., None]
    print(f"{len(train_q)} + {len(test_q)} clips", flush=True)

    scale = np.float32(1 / STEPS_PER_SIGMA)
    model = network(train_q.shape[1:])
    batch = 128
    steps = EPOCHS * (-(-len(train_q) // batch))
    model.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(4e-3, steps)),
                  "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(train_q * scale, train_y, batch_size=batch, epochs=EPOCHS, verbose=2)

    float_right, total = record.accuracy(model.predict(test_q * scale, verbose=0), test_y)

    # Two clips at the ends of int8 pin the input to scale 1/32, zero point 0: the front end's bytes go in as they are.
    ends = np.stack([np.full_like(train_q[0], -128), np.full_like(train_q[0], 127)])
    picked = rng.choice(len(train_q), 400, replace=False)
    tflite = record.to_int8(model, np.concatenate([train_q[picked], ends]) * scale)
    (HERE / "model.tflite").write_bytes(tflite)
    micro = record.Micro(tflite)
    answers = np.stack([micro(x) for x in test_q])
    int8_right, _ = record.accuracy(answers, test_y)
    got = answers.argmax(1)
    per_label = {name: [int((got[test_y == i] == i).sum()), int((test_y == i).sum())] for i, name in enumerate(speech.LABELS)}

    golden = record.golden("kws", tflite)
    port = golden["inputs"][0]
    assert port["zero_point"] == 0 and port["scale"] == 1 / STEPS_PER_SIGMA
    record.write_json(HERE / "golden.json", golden)

    for old in (HERE / "samples").glob("*"):
        old.unlink()
    os.makedirs(HERE / "samples", exist_ok=True)
    expected = []
    for label in ("yes", "no", "left", "stop", "silence", "unknown"):
        index = int(np.flatnonzero(test_y == speech.LABELS.index(label))[3])
        file = f"{label}_test{index}.wav"
        write_wav(HERE / "samples" / file, test_clips[index])
        expected.append({"file": file, "label": label, "answer": speech.LABELS[int(got[index])],
                         "input_sha256": record.sha256(test_q[index].tobytes()),
                         "output_hex": answers[index].tobytes().hex()})
    record.write_json(HERE / "samples" / "expected.json", expected)

    versions = "\n".join(f'{name} = "{version}"' for name, version in record.versions().items())
    espeak = subprocess.run(["espeak-ng", "--version"], capture_output=True, text=True).stdout.split(":")[1].split()[0]
    (HERE / "model.toml").write_text(f"""# Written by train.py.
name = "kws"
task = "Which of ten words, silence or another word is in a second of sound"
file = "model.tflite"
sha256 = "{record.sha256(tflite)}"
bytes = {len(tflite)}
licence = "MIT OR Apache-2.0"
labels = {record.toml_list(speech.LABELS)}

[input]
kind = "audio"
shape = {[int(d) for d in port["shape"]]}
dtype = "int8"
scale = {port["scale"]!r}
zero_point = {port["zero_point"]}

# docs/features.md has the formulas.
[features]
output = "mfcc"
sample_rate_hz = {c.sample_rate_hz}
frame = {c.frame}
hop = {c.hop}
fft = {c.fft}
mel_bands = {c.mel_bands}
low_hz = {c.low_hz}
high_hz = {c.high_hz}
log_floor_bits = {c.log_floor_bits}
coefficients = {c.coefficients}

# byte = (value - mean) * gain / 2^32 + zero_point: mean of the training set to 0, its standard deviation to {STEPS_PER_SIGMA}.
[features.quantise]
mean_q16 = {record.toml_list(mean.tolist())}
gain_q32 = {record.toml_list(gain.tolist())}
zero_point = 0

[data]
name = "speech synthesised by espeak-ng {espeak}, with rooms, noise, babble, shifts and gains added (speech.py)"
origin = "generated by train.py from seed {SEED}"
licence = "MIT OR Apache-2.0"
train = "{len(train_voices)} voice variants, {len(train_sounds)} spoken words, {len(train_q)} clips"
test = "{len(test_voices)} other voice variants, {len(test_sounds)} spoken words, {len(test_q)} clips; half of the unknown words unseen"
train_voices = {record.toml_list(train_voices)}
test_voices = {record.toml_list(test_voices)}

[accuracy]
float_right = {float_right}
int8_right = {int8_right}
total = {total}
float = {float_right / total:.4f}
int8 = {int8_right / total:.4f}
int8_engine = "tflite-micro reference kernels"

# [right, all] of the int8 model, per label.
[accuracy.per_label]
{chr(10).join(f"{name} = {count}" for name, count in per_label.items())}

[training]
command = "python models/kws/train.py"
seed = {SEED}
epochs = {EPOCHS}

[training.versions]
python = "{sys.version.split()[0]}"
espeak-ng = "{espeak}"
{versions}
""")
    print(f"float {float_right}/{total}, int8 {int8_right}/{total}, {len(tflite)} bytes", flush=True)


if __name__ == "__main__":
    main()
