/** The page: headlines, then each act with its picture and its figures. It needs nothing beside it, no script either. */
import { verdictOfLosses } from '../losses/report.js';
import { verdictOfServer } from '../server/report.js';
import { othersOf, verdictOfSpeed } from '../speed/report.js';
import { count, megabytes, milliseconds, percent, seconds, times } from '../text.js';
import { latencyCurves } from './curve.js';
import { escapeHtml, tableOf } from './html.js';
import { taskStreams } from './streams.js';
import { style } from './style.js';

export function demoPage({ machine, found, server, speed, losses }) {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>What worker processes buy</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>What worker processes buy</h1>
<p class="soft">Measured by <code>npm run demo</code>: ${escapeHtml(machine)}; ${escapeHtml(found)}.</p>
<div class="cards" id="headlines">
${cards({ server, speed, losses }).join('\n')}
</div>
${serverAct(server)}
${speedAct(speed)}
${lossesAct(losses)}
<footer>loky runs any function in real operating-system processes. Run the demo again on a quiet machine, and on yours.</footer>
</main>
</body>
</html>
`;
}

function cards({ server, speed, losses }) {
  const [here, pool] = server.runs;
  const [one, inPool, plain] = speed.results;
  const ordinary = losses.tasks.filter(({ kind }) => kind === 'ordinary');
  const right = ordinary.filter(({ isGood }) => isGood).length;
  const remains =
    losses.left.length === 0 ? 'no process is left' : `${losses.left.length} processes are left`;
  return [
    card(
      '#server',
      'Responsive',
      `${milliseconds(here.p99)} → ${milliseconds(pool.p99)}`,
      '<code>/health</code> under load (p99), without and with the pool',
    ),
    card(
      '#speed',
      'Faster',
      times(one.took / inPool.took),
      `as fast as one process; as many plain processes reach ${times(one.took / plain.took)}${othersOf(speed.results) > 0 ? ' (the machine was busy)' : ''}`,
    ),
    card(
      '#losses',
      'Nothing lost',
      `${count(right)} of ${count(ordinary.length)}`,
      `tasks answered, beside ${losses.tasks.length - ordinary.length} that went wrong; ${remains}`,
    ),
  ];
}

function card(href, title, figure, text) {
  return `<div class="card"><a href="${href}">${title}</a><b>${figure}</b><p>${text}</p></div>`;
}

function serverAct({ searches, runs }) {
  const rows = runs.map(({ label, p50, p99, loopDelay, took }) => [
    escapeHtml(label),
    ...[p50, p99, loopDelay, took].map(milliseconds),
  ]);
  return `<section id="server">
<h2>1. Your server stays responsive</h2>
<p>An HTTP server answers ${count(searches)} CPU-heavy searches, once in its own process and once in the pool. All the time, it is asked for <code>/health</code>.</p>
${latencyCurves(runs)}
${tableOf(['searches run', 'p50', 'p99', 'longest event loop delay', 'all searches'], rows, { title: 'Latency of /health' })}
<p class="verdict">${escapeHtml(verdictOfServer(...runs))}</p>
</section>`;
}

function speedAct(act) {
  const [one] = act.results;
  const rows = act.results.map(({ name, took, all, cpu }) => [
    escapeHtml(name),
    seconds(took),
    times(one.took / took),
    seconds(cpu),
    `${(Math.min(...all) / 1000).toFixed(2)} to ${seconds(Math.max(...all))}`,
  ]);
  const { lines, compressed, deepest } = act.found;
  return `<section id="speed">
<h2>2. The work gets done faster</h2>
<p>${count(act.files)} JavaScript files (${megabytes(act.bytes)}) are hashed, compressed and measured. They have ${count(lines)} lines, shrink to ${percent(compressed)}, and nest braces up to ${count(deepest)} deep.</p>
${taskStreams(act.results)}
${tableOf(['', 'median', 'speed-up', 'CPU', 'all rounds'], rows, { title: 'Time for all files' })}
${verdictOfSpeed(act)
  .map((sentence) => `<p class="verdict">${escapeHtml(sentence)}</p>`)
  .join('\n')}
</section>`;
}

function lossesAct(act) {
  const faults = act.tasks.filter(({ kind }) => kind !== 'ordinary');
  const rows = faults.map(({ kind, does, became }) => [
    `<b>${escapeHtml(kind)}</b>`,
    escapeHtml(does),
    escapeHtml(became),
  ]);
  return `<section id="losses">
<h2>3. And nothing gets lost</h2>
<p>${count(act.tasks.length)} tasks, of which ${faults.length} go wrong: each costs itself at most.</p>
<ul class="tiles" aria-label="All tasks">${act.tasks.map(tile).join('')}</ul>
${tableOf(['task', 'what it does', 'what became of it'], rows, { isWords: true, title: 'Tasks that go wrong' })}
${verdictOfLosses(act)
  .map((sentence) => `<p class="verdict">${escapeHtml(sentence)}</p>`)
  .join('\n')}
</section>`;
}

function tile({ kind, isGood, became }) {
  const sign = kind !== 'ordinary' ? kind[0].toUpperCase() : isGood ? '✓' : '✗';
  const isFault = kind !== 'ordinary' || !isGood;
  return `<li${isFault ? ' class="fault"' : ''} title="${escapeHtml(`${kind}: ${became}`)}">${sign}</li>`;
}
