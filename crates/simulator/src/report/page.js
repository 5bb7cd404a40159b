'use strict';
const D = JSON.parse(document.getElementById('data').textContent);
const colours = ['--a', '--b', '--c', '--d', '--e'].map(n => `var(${n})`);
const NS = 'http://www.w3.org/2000/svg';
const el = (name, attributes, text) => { const e = document.createElementNS(NS, name); for (const k in attributes) e.setAttribute(k, attributes[k]); if (text !== undefined) e.textContent = text; return e; };
const fmt = v => v >= 1000 ? v.toFixed(0) : v >= 10 ? v.toFixed(1) : v.toFixed(3);
const said = document.getElementById('said');
const say = s => { const r = D.steps[s]; if (!r) return; said.textContent = `step ${s}: ${r.operator} ${r.shape} on ${r.engine}, ${fmt(r.us)} µs, ${fmt(r.uj)} µJ, held up by ${r.bound}`; document.querySelectorAll('tbody tr').forEach(t => t.classList.toggle('on', t.dataset.step == s)); };
const line = document.getElementById('timeline');
const wide = svg => Math.max(svg.clientWidth, 280);
let from = 0, to = D.total;
function timeline() {
  line.replaceChildren();
  const W = wide(line), left = 96, row = 30;
  line.setAttribute('viewBox', `0 0 ${W} ${D.tracks.length * row + 24}`);
  D.tracks.forEach((t, i) => line.append(el('text', { x: 4, y: i * row + 19 }, t.length > 15 ? t.slice(0, 14) + '…' : t)));
  const x = t => left + (W - left - 4) * (t - from) / (to - from);
  for (const [track, start, length, step, name] of D.events) {
    const a = Math.max(start, from), b = Math.min(start + length, to);
    if (b <= a) continue;
    const r = el('rect', { x: x(a).toFixed(2), y: track * row + 5, width: Math.max(x(b) - x(a), .4).toFixed(2), height: row - 10, fill: colours[track % 5], stroke: 'var(--paper)', 'stroke-width': .3 });
    r.append(el('title', {}, `${name}: ${fmt(start)} + ${fmt(length)} µs`));
    if (step >= 0) r.addEventListener('click', () => say(step));
    line.append(r);
  }
  const ticks = W < 500 ? 2 : 4;
  for (let i = 0; i <= ticks; i++) { const t = from + (to - from) * i / ticks; line.append(el('text', { x: x(t), y: D.tracks.length * row + 16, 'text-anchor': i == ticks ? 'end' : 'middle' }, fmt(t) + ' µs')); }
}
function zoom(f) { const m = (from + to) / 2, h = Math.min((to - from) * f, D.total) / 2; from = Math.max(0, m - h); to = Math.min(D.total, from + 2 * h); from = Math.max(0, to - 2 * h); timeline(); }
function pan(f) { const w = to - from, d = w * f; from = Math.min(Math.max(0, from + d), D.total - w); to = from + w; timeline(); }
const act = { in: () => zoom(.5), out: () => zoom(2), left: () => pan(-.3), right: () => pan(.3), all: () => { from = 0; to = D.total; timeline(); } };
document.querySelectorAll('[data-act]').forEach(b => b.addEventListener('click', () => act[b.dataset.act]()));
line.addEventListener('keydown', e => { const k = { '+': 'in', '=': 'in', '-': 'out', ArrowLeft: 'left', ArrowRight: 'right', '0': 'all' }[e.key]; if (k) { e.preventDefault(); act[k](); } });
function roofline() {
  const s = document.getElementById('roof'), W = wide(s), H = Math.min(340, W * .7), pts = D.steps.map((r, i) => ({ i, x: r.macs / Math.max(r.bytes, 1), y: r.macs / Math.max(r.us, 1e-9) / 1e3 })).filter(p => p.x > 0 && p.y > 0);
  s.replaceChildren(); s.setAttribute('viewBox', `0 0 ${W} ${H}`);
  if (!pts.length) { s.append(el('text', { x: 20, y: 30 }, 'no step has multiply-accumulates')); return; }
  const lg = Math.log10, x0 = Math.min(-1, Math.floor(Math.min(...pts.map(p => lg(p.x))))), x1 = Math.max(3, Math.ceil(Math.max(...pts.map(p => lg(p.x))))), y1 = Math.ceil(Math.max(lg(D.peak), ...pts.map(p => lg(p.y)))) , y0 = Math.min(y1 - 3, Math.floor(Math.min(...pts.map(p => lg(p.y)))));
  const X = v => 50 + (W - 76) * (lg(v) - x0) / (x1 - x0), Y = v => H - 34 - (H - 44) * (lg(v) - y0) / (y1 - y0);
  for (let k = x0; k <= x1; k++) { s.append(el('line', { x1: X(10 ** k), x2: X(10 ** k), y1: 10, y2: H - 34, stroke: 'var(--rule)' })); s.append(el('text', { x: X(10 ** k), y: H - 20, 'text-anchor': 'middle' }, String(+(10 ** k).toPrecision(1)))); }
  for (let k = y0; k <= y1; k++) { s.append(el('line', { x1: 50, x2: W - 10, y1: Y(10 ** k), y2: Y(10 ** k), stroke: 'var(--rule)' })); s.append(el('text', { x: 46, y: Y(10 ** k) + 4, 'text-anchor': 'end' }, String(+(10 ** k).toPrecision(1)))); }
  const c = v => Math.max(Math.min(v, 10 ** y1), 10 ** y0), ridge = D.peak / D.band, path = [[10 ** x0, c(D.band * 10 ** x0)], [ridge, c(D.peak)], [10 ** x1, c(D.peak)]];
  s.append(el('polyline', { points: path.map(([a, b]) => `${X(a).toFixed(1)},${Y(b).toFixed(1)}`).join(' '), fill: 'none', stroke: 'var(--b)', 'stroke-width': 2 }));
  for (const p of pts) { const o = el('circle', { cx: X(p.x), cy: Y(p.y), r: 4, fill: 'var(--a)', 'fill-opacity': .7 }); o.append(el('title', {}, `step ${p.i} ${D.steps[p.i].operator} ${D.steps[p.i].shape}`)); o.addEventListener('click', () => say(p.i)); s.append(o); }
  s.append(el('text', { x: W / 2, y: H - 4, 'text-anchor': 'middle' }, 'MAC per byte moved')); s.append(el('text', { x: 54, y: 20 }, 'GMAC/s'));
}
function energy() {
  const s = document.getElementById('energy'), key = document.getElementById('ekey'), all = D.energy.reduce((a, [, v]) => a + v, 0) || 1;
  s.setAttribute('viewBox', '0 0 640 40'); let x = 0;
  D.energy.forEach(([n, v], i) => { const w = 640 * v / all; const r = el('rect', { x, y: 4, width: w, height: 32, fill: colours[i % 5] }); r.append(el('title', {}, `${n}: ${fmt(v)} µJ`)); s.append(r); x += w; const k = document.createElement('span'); k.innerHTML = `<i style="background:${colours[i % 5]}"></i>`; k.append(`${n} ${fmt(v)} µJ (${(100 * v / all).toFixed(0)} %)`); key.append(k); });
}
function memory() {
  const s = document.getElementById('memory'), W = wide(s), H = 140, most = Math.max(...D.steps.map(r => r.arena), 1);
  s.replaceChildren(); s.setAttribute('viewBox', `0 0 ${W} ${H}`); let d = `M0 ${H - 18}`;
  for (const r of D.steps) { const a = W * r.start / D.total, b = W * (r.start + r.us) / D.total, y = H - 18 - (H - 36) * r.arena / most; d += `L${a.toFixed(1)} ${H - 18}L${a.toFixed(1)} ${y.toFixed(1)}L${b.toFixed(1)} ${y.toFixed(1)}L${b.toFixed(1)} ${H - 18}`; }
  s.append(el('path', { d: d + `L${W} ${H - 18}Z`, fill: 'var(--c)', 'fill-opacity': .7 }));
  if (D.knee > 0 && D.knee < most) { const y = H - 18 - (H - 36) * D.knee / most; s.append(el('line', { x1: 0, x2: W, y1: y, y2: y, stroke: 'var(--b)', 'stroke-dasharray': '5 4' })); s.append(el('text', { x: W - 4, y: y - 4, 'text-anchor': 'end' }, 'stays on chip below')); }
  s.append(el('text', { x: 4, y: 14 }, `${fmt(most / 1e3)} kB at most`)); s.append(el('text', { x: W - 4, y: H - 4, 'text-anchor': 'end' }, fmt(D.total) + ' µs'));
}
const columns = [['step', r => r.index], ['operator', r => r.operator], ['shape', r => r.shape], ['on', r => r.engine], ['µs', r => r.us], ['compute', r => r.compute], ['weights', r => r.weights], ['traffic', r => r.traffic], ['serial', r => r.serial], ['util', r => r.util], ['µJ', r => r.uj], ['MMAC', r => r.macs / 1e6], ['held up by', r => r.bound + (r.reason ? ' (' + r.reason + ')' : '')]];
let sorted = 0, up = true;
function table() {
  const head = document.querySelector('thead tr'), body = document.querySelector('tbody'); head.replaceChildren(); body.replaceChildren();
  columns.forEach(([n], i) => { const th = document.createElement('th'), b = document.createElement('button'); th.scope = 'col'; b.type = 'button'; b.textContent = n; b.addEventListener('click', () => { up = sorted === i ? !up : typeof columns[i][1](D.steps[0]) === 'string' || i === 0; sorted = i; table(); document.querySelectorAll('thead button')[i].focus(); }); th.setAttribute('aria-sort', sorted === i ? (up ? 'ascending' : 'descending') : 'none'); th.append(b); head.append(th); });
  const v = columns[sorted][1], rows = [...D.steps].sort((a, b) => { const x = v(a), y = v(b); return (x < y ? -1 : x > y ? 1 : a.index - b.index) * (up ? 1 : -1); });
  for (const r of rows) { const tr = document.createElement('tr'); tr.dataset.step = r.index; columns.forEach(([n, f]) => { const td = document.createElement('td'), x = f(r); td.textContent = typeof x === 'number' && n !== 'step' ? (n === 'util' ? (100 * x).toFixed(0) + ' %' : fmt(x)) : x; tr.append(td); }); tr.addEventListener('click', () => say(r.index)); tr.tabIndex = r === rows[0] ? 0 : -1; body.append(tr); }
}
// One row is in the tab order; arrows move from row to row and say what the step is.
document.querySelector('tbody').addEventListener('keydown', e => {
  const row = e.target.closest('tr'), go = { ArrowDown: row && row.nextElementSibling, ArrowUp: row && row.previousElementSibling, Enter: row }[e.key];
  if (!go) return;
  e.preventDefault(); row.tabIndex = -1; go.tabIndex = 0; go.focus(); say(+go.dataset.step);
});
timeline(); roofline(); energy(); memory(); table();
addEventListener('resize', () => { timeline(); roofline(); memory(); });
