/** A page with its data, as one file that needs no host. */
import { type Model, toJson } from './model.ts';

/** The id of the element that holds the data. */
export const DATA = 'loky-view';

/** The data is text to the parser of HTML: it cannot end its element. */
export function pageWith(model: Model, script: string, style: string): string {
  const data = toJson(model).replaceAll('<', '\\u003c');
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">',
    `<title>loky</title><style>${style}</style></head><body>`,
    `<script type="application/json" id="${DATA}">${data}</script>`,
    `<script>${script}</script></body></html>`,
  ].join('');
}
