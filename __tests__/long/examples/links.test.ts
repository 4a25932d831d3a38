/** Every link of the documents to a file or a heading of the repository leads somewhere. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from '@jest/globals';
import { documents } from './documents.ts';

const pages = [...documents, ...readdirSync('docs/api').map((name) => join('docs/api', name))];

/** As Markdown pages on the web name their headings. */
function anchorsOf(path: string): Set<string> {
  const text = readFileSync(path, 'utf8');
  const anchors = new Set([...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id));
  const seen = new Map<string, number>();
  for (const [, heading = ''] of text.replaceAll(/^```.*?^```$/gms, '').matchAll(/^#+ (.*)$/gm)) {
    const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const slug = plain.replaceAll(/[^\p{L}\p{N}_ -]/gu, '').replaceAll(' ', '-');
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    anchors.add(count === 0 ? slug : `${slug}-${count}`);
  }
  return anchors;
}

test.each(pages)('%s', (path) => {
  const text = readFileSync(path, 'utf8').replaceAll(/^```.*?^```$/gms, '');
  const dead = [...text.matchAll(/\]\(([^)\s]+)\)/g)].filter(([, link = '']) => {
    if (/^https?:/.test(link)) return false;
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? path : normalize(join(dirname(path), file));
    if (!existsSync(target)) return true;
    return anchor !== undefined && target.endsWith('.md') && !anchorsOf(target).has(anchor);
  });
  expect(dead.map(([, link]) => link)).toEqual([]);
});
