/** Writes the report where readers find it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { toSvg } from './chart.js';
import { toMarkdown } from './markdown.js';

const folder = new URL('../../../docs/', import.meta.url);

export function writeDocs(results) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL('performance.md', folder), toMarkdown(results));
  writeFileSync(new URL('performance.svg', folder), toSvg(results));
}
