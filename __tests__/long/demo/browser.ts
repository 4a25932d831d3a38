/** Opens pages in a headless Chromium, where there is one, and tells what it shows. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inflateSync } from 'node:zlib';
import { execa } from 'execa';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** `undefined` where no browser is installed. */
export const browser = (process.env['PATH'] ?? '')
  .split(delimiter)
  .flatMap((folder) => names.map((name) => join(folder, name)))
  .find((path) => existsSync(path));

const flags = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
  ...['--disable-dev-shm-usage', '--hide-scrollbars', '--enable-logging=stderr'],
];

/** What a frame of a certain width shows. */
export interface Shown {
  /** How far the page, or a table in it, reaches beyond its frame to the right. */
  readonly overflow: number;
  /** By selector: how many elements match and can be seen, and the widest and highest of them. */
  readonly elements: Readonly<
    Record<string, { readonly count: number; readonly width: number; readonly height: number }>
  >;
}

/** Shows the page in frames of these widths. What the console got is in `console`: a line each. */
export async function showIn(
  page: string,
  widths: readonly number[],
  selectors: readonly string[],
): Promise<{ frames: Shown[]; console: string[] }> {
  return inFolder(async (folder) => {
    const harness = join(folder, 'harness.html');
    await writeFile(harness, harnessOf(await readFile(page, 'utf8'), widths, selectors));
    const { stdout, stderr } = await runBrowser(folder, ['--dump-dom', pathToFileURL(harness).href]);
    const found = /<pre id="found">(.*)<\/pre>/s.exec(stdout)?.[1];
    if (found === undefined) throw new Error(`the page told nothing; the browser wrote: ${stderr}`);
    return {
      frames: JSON.parse(Buffer.from(found, 'base64').toString()) as Shown[],
      console: stderr.split('\n').filter((line) => line.includes('CONSOLE')),
    };
  });
}

/** The size of a screenshot, and the colour of its first pixel, which is the page's background. */
export async function screenshot(
  page: string,
  scheme: 'light' | 'dark',
  [width, height]: readonly [number, number],
): Promise<{ width: number; height: number; ground: number[]; bytes: number }> {
  return inFolder(async (folder) => {
    const file = join(folder, 'page.png');
    await runBrowser(folder, [
      `--blink-settings=preferredColorScheme=${scheme === 'dark' ? 0 : 1}`,
      `--window-size=${width},${height}`,
      `--screenshot=${file}`,
      pathToFileURL(page).href,
    ]);
    const png = await readFile(file);
    return {
      width: png.readUInt32BE(16),
      height: png.readUInt32BE(20),
      ground: firstPixel(png),
      bytes: png.length,
    };
  });
}

async function runBrowser(
  folder: string,
  args: readonly string[],
): Promise<{ stdout: string; stderr: string }> {
  const profile = `--user-data-dir=${join(folder, 'profile')}`;
  return execa(browser ?? 'chromium', [...flags, profile, ...args], {
    timeout: 60_000,
    killSignal: 'SIGKILL',
  });
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'loky-demo-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A window has a least width, a frame has none. What is found is told in the page itself. */
function harnessOf(page: string, widths: readonly number[], selectors: readonly string[]): string {
  const source = page.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
  const frames = widths.map(
    (width) => `<iframe style="width:${width}px;height:900px;border:0" srcdoc="${source}"></iframe>`,
  );
  return `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">${frames.join('')}<script>
addEventListener('load', () => {
  const found = [...document.querySelectorAll('iframe')].map(({ contentDocument }) => {
    const root = contentDocument.documentElement;
    const look = (selector) => {
      const boxes = [...contentDocument.querySelectorAll(selector)].map((element) => element.getBoundingClientRect());
      const seen = boxes.filter(({ width, height }) => width > 0 && height > 0);
      const most = (key) => Math.max(0, ...seen.map((box) => box[key]));
      return [selector, { count: seen.length, width: most('width'), height: most('height') }];
    };
    return {
      overflow: Math.max(...[root, ...contentDocument.querySelectorAll('.scroll')].map((box) => box.scrollWidth - box.clientWidth)),
      elements: Object.fromEntries(${JSON.stringify(selectors)}.map(look)),
    };
  });
  const pre = document.createElement('pre');
  pre.id = 'found';
  pre.textContent = btoa(JSON.stringify(found));
  document.body.replaceChildren(pre);
});
</script>`;
}

/** Whatever filter the first line has, its first pixel is written as it is. */
function firstPixel(png: Buffer): number[] {
  const parts: Buffer[] = [];
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(png.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  return [...inflateSync(Buffer.concat(parts)).subarray(1, 4)];
}
