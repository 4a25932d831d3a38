/** The page of the live view, as one file: its script and its style stand in it, and it loads nothing. */
import { writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

/** Compressed, in bytes. */
const MOST = 80_000;

/** @returns The paths of all files that went in. */
export async function buildPage(file) {
  const settings = { bundle: true, minify: true, write: false, metafile: true, legalComments: 'none' };
  const script = await build({
    ...settings,
    entryPoints: ['lib/view/page/main.ts'],
    ...{ platform: 'browser', format: 'iife', target: ['chrome111', 'firefox113', 'safari16.4'] },
  });
  const style = await build({
    ...settings,
    stdin: {
      contents: "@import 'uplot/dist/uPlot.min.css';\n@import './style.css';",
      ...{ resolveDir: 'lib/view/page', loader: 'css' },
    },
  });
  const html = [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">',
    `<title>loky</title><style>${textOf(style, 'style')}</style></head><body>`,
    `<script>${textOf(script, 'script')}</script></body></html>\n`,
  ].join('');
  const { length } = gzipSync(html);
  if (length > MOST)
    throw new Error(`The page of the view has ${length} bytes compressed, more than ${MOST}.`);
  await writeFile(file, html);
  return [script, style].flatMap(({ metafile }) => Object.keys(metafile.inputs));
}

/** Written as they are: what ends an element ends it. */
function textOf({ outputFiles: [{ text }] }, element) {
  const code = text.trim();
  if (code.toLowerCase().includes(`</${element}`))
    throw new Error(`The page of the view ends its own ${element}.`);
  return code;
}
