/** Draws what each process did when: a row for each process, a bar for each chunk of files. */
import { count, megabytes, seconds } from '../text.js';
import { escapeHtml, timeAxis } from './html.js';

const SIZE = 1000;
const colours = ['here', 'pool', 'plain'];

export function taskStreams(results) {
  const duration = Math.max(...results.map(({ took }) => took));
  const groups = results.map(({ name, row, took, spans }, index) => {
    const tracks = spans.map((own, n) => {
      const label = spans.length === 1 ? row : `${row} ${n}`;
      return `<div>${escapeHtml(label)}</div><div class="track">${bars(own, duration, colours[index])}</div>`;
    });
    return `<div class="group"><i class="key ${colours[index]}"></i>${escapeHtml(name)} <span>${seconds(took)}</span></div>
${tracks.join('\n')}`;
  });
  return `<figure id="streams">
<figcaption>What each process did when: a bar is a chunk of files, the shades only tell them apart</figcaption>
<div class="streams">
${groups.join('\n')}
<div></div>${timeAxis(duration)}
</div>
</figure>`;
}

function bars(spans, duration, colour) {
  const scale = SIZE / duration;
  const rects = [...spans]
    .sort((a, b) => a.from - b.from)
    .map(({ from, to, files, bytes }) => {
      const title = `${count(files)} ${files === 1 ? 'file' : 'files'}, ${megabytes(bytes)}: ${Math.round(to - from)} ms`;
      return `<rect class="bar-${colour}" x="${(from * scale).toFixed(1)}" width="${((to - from) * scale).toFixed(1)}" y="0" height="10"><title>${title}</title></rect>`;
    });
  return `<svg viewBox="0 0 ${SIZE} 10" preserveAspectRatio="none">${rects.join('')}</svg>`;
}
