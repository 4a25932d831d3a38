/** Small pieces of HTML. */

export function escapeHtml(text) {
  return String(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** @param head Titles of columns; all but the first are for figures unless `isWords`. */
export function tableOf(head, rows, { isWords = false, title }) {
  const kind = (column) => (column > 0 && !isWords ? ' class="figure"' : '');
  const cells = (tag, row) => row.map((cell, column) => `<${tag}${kind(column)}>${cell}</${tag}>`).join('');
  const body = rows.map((row) => `<tr>${cells('td', row)}</tr>`).join('\n');
  return `<div class="scroll"><table${isWords ? ' class="stacked"' : ''} aria-label="${escapeHtml(title)}">
<thead><tr>${cells('th', head.map(escapeHtml))}</tr></thead>
<tbody>
${body}
</tbody>
</table></div>`;
}

/** Round numbers from 0 to `most`, about as many as `wanted`. */
export function ticks(most, wanted) {
  const power = 10 ** Math.floor(Math.log10(most / wanted));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power * wanted >= most) ?? 10);
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, index) =>
    Number((index * step).toPrecision(12)),
  );
}

/** Labels along a time axis of so many milliseconds. */
export function timeAxis(duration) {
  const labels = ticks(duration / 1000, 5).map(
    (second) => `<span style="left:${percentOf(second * 1000, duration)}">${second} s</span>`,
  );
  return `<div class="axis along">${labels.join('')}</div>`;
}

export function percentOf(part, whole) {
  return `${((100 * part) / whole).toFixed(2)}%`;
}
