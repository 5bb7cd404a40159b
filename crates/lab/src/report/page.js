"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const canvas = document.getElementById("trace");
const said = document.getElementById("said");
const pen = canvas.getContext("2d");

// Level 0 has all stretches, every further one half as many: drawing takes as long however much is in view.
const levels = [{ step: data.step, low: data.low, mean: data.mean, high: data.high }];
while (levels.at(-1).low.length > 512) {
  const of = levels.at(-1);
  const next = { step: of.step * 2, low: [], mean: [], high: [] };
  for (let i = 0; i < of.low.length; i += 2) {
    const both = [i, i + 1].filter((j) => j < of.low.length && of.mean[j] !== null);
    const none = both.length === 0;
    next.low.push(none ? null : Math.min(...both.map((j) => of.low[j])));
    next.high.push(none ? null : Math.max(...both.map((j) => of.high[j])));
    next.mean.push(none ? null : both.reduce((sum, j) => sum + of.mean[j], 0) / both.length);
  }
  levels.push(next);
}
const close = data.close;
const closeEnd = close.begin + close.step * close.current.length;
const end = data.step * data.low.length;
const view = { from: 0, to: end };

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const prefixed = (value, unit) => {
  const size = Math.abs(value);
  const [scale, prefix] = [[1, ""], [1e-3, "m"], [1e-6, "µ"], [1e-9, "n"]].find(([scale]) => size >= scale) ?? [1, ""];
  return `${(value / scale).toPrecision(3)} ${prefix}${unit}`;
};

const margin = { left: 64, right: 8, top: 20, bottom: 36 };
let size = { width: 0, height: 0 };
const x = (time) => margin.left + ((time - view.from) / (view.to - view.from)) * (size.width - margin.left - margin.right);
const timeAt = (pixel) => view.from + ((pixel - margin.left) / (size.width - margin.left - margin.right)) * (view.to - view.from);

// What there is to draw in view: samples where they were kept, otherwise the level with a stretch or two a pixel.
function points() {
  const perPixel = (view.to - view.from) / Math.max(1, size.width);
  if (perPixel < data.step && view.from >= close.begin && view.to <= closeEnd) {
    const from = Math.max(0, Math.floor((view.from - close.begin) / close.step));
    const to = Math.min(close.current.length, Math.ceil((view.to - close.begin) / close.step) + 1);
    return close.current.slice(from, to).map((current, i) => [close.begin + (from + i) * close.step, current, current, current, close.step]);
  }
  const level = [...levels].reverse().find((level) => level.step <= perPixel) ?? levels[0];
  const from = Math.max(0, Math.floor(view.from / level.step) - 1);
  const to = Math.min(level.low.length, Math.ceil(view.to / level.step) + 1);
  const all = [];
  for (let i = from; i < to; i++) all.push([i * level.step, level.low[i], level.mean[i], level.high[i], level.step]);
  return all;
}

function draw() {
  const ratio = window.devicePixelRatio || 1;
  const box = canvas.getBoundingClientRect();
  size = { width: box.width, height: box.height };
  canvas.width = Math.round(box.width * ratio);
  canvas.height = Math.round(box.height * ratio);
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, size.width, size.height);
  pen.font = "11px system-ui, sans-serif";
  const all = points();
  const most = all.reduce((most, point) => (point[3] === null ? most : Math.max(most, point[3])), 0) || 1;
  const y = (current) => size.height - margin.bottom - (Math.max(0, current) / most) * (size.height - margin.top - margin.bottom);
  bands();
  axes(most, y);
  pen.save();
  pen.beginPath();
  pen.rect(margin.left, 0, size.width - margin.left - margin.right, size.height);
  pen.clip();
  pen.globalAlpha = 0.35;
  pen.fillStyle = color("--a");
  for (const [time, low, , high, step] of all) {
    if (low === null) continue;
    const left = x(time);
    pen.fillRect(left, y(high), Math.max(1, x(time + step) - left), Math.max(1, y(low) - y(high)));
  }
  pen.globalAlpha = 1;
  pen.strokeStyle = color("--a");
  pen.beginPath();
  let broken = true;
  for (const [time, , mean, , step] of all) {
    if (mean === null) {
      broken = true;
      continue;
    }
    const [left, right] = [x(time), x(time + step)];
    if (broken) pen.moveTo(left, y(mean));
    pen.lineTo(left, y(mean));
    pen.lineTo(right, y(mean));
    broken = false;
  }
  pen.stroke();
  steps();
  pen.restore();
}

// Windows, behind everything.
function bands() {
  for (const [index, [from, to, whole]] of data.windows.entries()) {
    const [left, right] = [Math.max(margin.left, x(from)), Math.min(size.width - margin.right, x(to))];
    if (right <= left) continue;
    pen.globalAlpha = 0.14;
    pen.fillStyle = color(whole ? "--c" : "--b");
    pen.fillRect(left, margin.top, right - left, size.height - margin.top - margin.bottom);
    pen.globalAlpha = 1;
    pen.fillStyle = color("--ink");
    if (right - left > 60) pen.fillText(`window ${index}${whole ? "" : ", does not count"}`, left + 4, margin.top - 6);
  }
}

function axes(most, y) {
  pen.fillStyle = color("--ink");
  pen.strokeStyle = color("--rule");
  for (const part of [0, 0.25, 0.5, 0.75, 1]) {
    const at = y(most * part);
    pen.beginPath();
    pen.moveTo(margin.left, at);
    pen.lineTo(size.width - margin.right, at);
    pen.stroke();
    pen.textAlign = "right";
    pen.fillText(prefixed(most * part, "A"), margin.left - 6, at + 4);
  }
  pen.textAlign = "center";
  const marks = size.width < 500 ? 3 : 6;
  const digits = Math.max(0, Math.min(9, Math.ceil(-Math.log10((view.to - view.from) / marks)) + 1));
  for (let i = 0; i <= marks; i++) {
    const time = view.from + ((view.to - view.from) * i) / marks;
    const at = Math.min(size.width - margin.right - 18, Math.max(margin.left + 12, x(time)));
    pen.fillText(`${time.toFixed(digits)} s`, at, size.height - margin.bottom + 28);
  }
  pen.textAlign = "left";
}

// What else tells of the model's steps, over the first inference of the first window.
function steps() {
  const first = data.windows[0];
  if (!first || !data.inference) return;
  const top = size.height - margin.bottom;
  for (const [index, [name, begin, length]] of data.steps.entries()) {
    const [left, right] = [x(first[0] + begin * data.inference), x(first[0] + (begin + length) * data.inference)];
    if (right - left < 2) continue;
    pen.fillStyle = color(index % 2 ? "--b" : "--d");
    pen.fillRect(left, top + 2, right - left - 1, 10);
    if (right - left > 70) {
      pen.fillStyle = color("--ink");
      pen.save();
      pen.beginPath();
      pen.rect(left, 0, right - left - 2, size.height);
      pen.clip();
      pen.fillText(name, left + 3, top - 6);
      pen.restore();
    }
  }
}

function show(from, to) {
  const least = Math.min(end, close.step * 20);
  const length = Math.min(end, Math.max(least, to - from));
  view.from = Math.min(Math.max(0, from), end - length);
  view.to = view.from + length;
  draw();
}

function zoom(factor, around = (view.from + view.to) / 2) {
  show(around - (around - view.from) * factor, around + (view.to - around) * factor);
}

function tell(time) {
  const point = points().find(([at, , , , step]) => time >= at && time < at + step);
  const index = data.windows.findIndex(([from, to]) => time >= from && time < to);
  const where = index < 0 ? "outside windows" : `window ${index}`;
  const what = !point || point[2] === null
    ? "no samples"
    : `${prefixed(point[2], "A")} in the mean, ${prefixed(point[1], "A")} to ${prefixed(point[3], "A")}`;
  said.textContent = `${time.toFixed(6)} s, ${where}: ${what}`;
}

const acts = {
  in: () => zoom(0.5),
  out: () => zoom(2),
  left: () => show(view.from - (view.to - view.from) / 3, view.to - (view.to - view.from) / 3),
  right: () => show(view.from + (view.to - view.from) / 3, view.to + (view.to - view.from) / 3),
  all: () => show(0, end),
  window: () => data.windows[0] && around(data.windows[0][0], data.windows[0][1]),
  inference: () => data.windows[0] && data.inference && around(data.windows[0][0], data.windows[0][0] + data.inference),
};
const around = (from, to) => show(from - (to - from) * 0.1, to + (to - from) * 0.1);
for (const button of document.querySelectorAll("[data-act]")) button.addEventListener("click", () => acts[button.dataset.act]());

const keys = { "+": "in", "=": "in", "-": "out", ArrowLeft: "left", ArrowRight: "right", 0: "all" };
canvas.addEventListener("keydown", (event) => {
  const act = keys[event.key];
  if (!act) return;
  acts[act]();
  event.preventDefault();
});
canvas.addEventListener("wheel", (event) => {
  zoom(event.deltaY > 0 ? 1.25 : 0.8, timeAt(event.offsetX));
  event.preventDefault();
}, { passive: false });
let drag = null;
canvas.addEventListener("pointerdown", (event) => {
  drag = { at: event.offsetX, from: view.from, to: view.to };
  canvas.setPointerCapture(event.pointerId);
});
canvas.addEventListener("pointermove", (event) => {
  if (!drag) return tell(timeAt(event.offsetX));
  const moved = ((event.offsetX - drag.at) / (size.width - margin.left - margin.right)) * (drag.to - drag.from);
  show(drag.from - moved, drag.to - moved);
});
canvas.addEventListener("pointerup", () => { drag = null; });
window.addEventListener("resize", draw);
draw();
