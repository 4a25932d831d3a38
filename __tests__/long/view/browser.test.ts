/** The page in Chromium: what it shows of a program that runs, fails, leaks, ends and comes back. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Browser, chromium, type Page } from 'playwright-core';
import { freePort } from '../../helpers/free-port.ts';
import { browser as browserPath } from '../demo/browser.ts';
import { startService } from '../examples/service.ts';

const program = fileURLToPath(new URL('host.mjs', import.meta.url));
const PATIENCE = 60_000;

interface Host {
  readonly child: ChildProcess;
  readonly url: string;
  order(name: string): void;
  end(): Promise<void>;
}

async function startHost(port = 0): Promise<Host> {
  const child = spawn(process.execPath, ['--disable-warning=LOKY_MEMORY_LEAK', program, String(port)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = await once(child.stdout, 'data');
  return {
    child,
    url: String(line).trim(),
    order: (name) => child.stdin.write(`${name}\n`),
    async end() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

const describeWithBrowser = browserPath === undefined ? describe.skip : describe;

describeWithBrowser('the page', () => {
  let chrome: Browser;
  let host: Host;
  let faults: string[];
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'loky-view-'));
    chrome = await chromium.launch({
      executablePath: browserPath as string,
      args: [
        ...['--no-sandbox', '--disable-dev-shm-usage'],
        // A name of somebody else, made to point to this machine.
        '--host-resolver-rules=MAP rebound.example 127.0.0.1',
      ],
    });
  }, PATIENCE);
  afterAll(async () => {
    await chrome.close();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    faults = [];
    host = await startHost();
  }, PATIENCE);
  afterEach(async () => {
    await Promise.all(chrome.contexts().map((context) => context.close()));
    await host.end();
  });

  async function open(
    url = host.url,
    { width = 1280, scheme = 'light' as 'light' | 'dark', isSaved = false } = {},
  ): Promise<Page> {
    const page = await chrome.newPage({
      viewport: { width, height: 900 },
      colorScheme: scheme,
      acceptDownloads: true,
    });
    page.setDefaultTimeout(PATIENCE);
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') faults.push(message.text());
    });
    await page.goto(url);
    await page.locator(`.status[data-state="${isSaved ? 'paused' : 'live'}"]`).waitFor();
    return page;
  }

  const functionRow = (page: Page, name: string) =>
    page.locator('#functions tbody tr').filter({ hasText: name });

  test(
    'shows a running load: workers, streams, curves, functions, the fleet',
    async () => {
      const page = await open();
      await functionRow(page, 'resize').waitFor();
      await functionRow(page, 'abs').waitFor();
      await expect(
        page.locator('.worker[data-state="busy"]').first().locator('.task').textContent(),
      ).resolves.toEqual(expect.any(String));
      await page.locator('.worker .memory', { hasText: 'MB' }).first().waitFor();
      await page
        .locator('.chart .figure', { hasText: /^[\d,.]+/ })
        .first()
        .waitFor();
      const painted = await page.evaluate<
        number[]
      >(`[...document.querySelectorAll('canvas.lane')].map((canvas) => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return new Set(new Uint32Array(data.buffer)).size;
    })`);
      for (const colours of painted) expect(colours).toBeGreaterThan(2);
      expect(await page.locator('#fleet tbody tr').textContent()).toContain(
        'web-1 <b> pid 71.4.2serves3 of 8500 MB',
      );
      expect(await page.locator('#fleet').textContent()).toContain('12 waiting');
      expect(faults).toEqual([]);
    },
    2 * PATIENCE,
  );

  test(
    'shows a crash with its report, a time that ran out, and a leak that was recycled',
    async () => {
      const page = await open();
      for (const order of ['crash', 'hang', 'leak']) host.order(order);
      const failure = (kind: string) => page.locator(`#failures details:has([data-kind="${kind}"])`).first();
      await failure('timed-out').waitFor();
      await failure('recycled').waitFor();
      const died = failure('died');
      await died.locator('summary').click();
      expect(await died.textContent()).toContain('SIGSEGV');
      expect(await died.textContent()).toContain('cannot map the page <img src=x');
      await page.locator('.count', { hasText: 'cost 1 task' }).waitFor();
      expect(await page.locator('#pools').textContent()).toMatch(/memory-leak/);
      expect(faults).toEqual([]);
    },
    2 * PATIENCE,
  );

  test(
    'shows names and errors as text, whatever they say',
    async () => {
      const page = await open();
      host.order('markup');
      const row = functionRow(page, '<img src=x onerror=');
      await row.waitFor();
      await page.locator('#failures details').first().locator('summary').click();
      expect(await page.locator('img').count()).toBe(0);
      expect(await page.title()).toBe('host.mjs · loky');
      expect(faults).toEqual([]);
    },
    2 * PATIENCE,
  );

  test(
    'comes back by itself when the program was started anew',
    async () => {
      await host.end();
      const port = await freePort();
      host = await startHost(port);
      const page = await open();
      await functionRow(page, 'resize').waitFor();
      const before = await page.locator('.top .who').textContent();
      await host.end();
      await page.locator('.status[data-state="lost"]').waitFor();
      host = await startHost(port);
      await page.locator('.status[data-state="live"]').waitFor();
      await functionRow(page, 'resize').waitFor();
      expect(await page.locator('.top .who').textContent()).not.toBe(before);
      // While there was no program, the browser said so itself.
      expect(
        faults.filter(
          (fault) =>
            !/ERR_CONNECTION_(?:REFUSED|RESET)|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE/.test(fault),
        ),
      ).toEqual([]);
    },
    2 * PATIENCE,
  );

  test(
    'is dark where the system is, and turns light by a key; narrow without scrolling aside',
    async () => {
      const page = await open(host.url, { width: 390, scheme: 'dark' });
      const ground = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
      expect(await ground()).toBe('rgb(14, 17, 22)');
      await functionRow(page, 'resize').waitFor();
      await page.keyboard.press('t');
      expect(await ground()).toBe('rgb(244, 245, 247)');
      expect(
        await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth'),
      ).toBeLessThanOrEqual(0);
      expect(faults).toEqual([]);
    },
    2 * PATIENCE,
  );

  test(
    'goes through tasks by keys, and says what each was',
    async () => {
      const page = await open();
      await functionRow(page, 'resize').waitFor();
      await page.keyboard.press('p');
      await page.locator('canvas.lane').first().focus();
      await page.keyboard.press('ArrowLeft');
      expect(await page.locator('.tip').textContent()).toMatch(/resize|abs|brief tasks|started/);
      await page.keyboard.press('?');
      await page.locator('dialog.keys[open]').waitFor();
      await page.keyboard.press('Escape');
      expect(faults).toEqual([]);
    },
    2 * PATIENCE,
  );

  test(
    'is saved while it is paused: as a timeline, and as a page that needs no program',
    async () => {
      const page = await open();
      host.order('markup');
      await functionRow(page, '<img').waitFor();
      await page.keyboard.press('p');
      await page.locator('.status[data-state="paused"]').waitFor();
      const save = async (key: string) => {
        const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press(key)]);
        return { name: download.suggestedFilename(), path: await download.path() };
      };
      const timeline = await save('e');
      expect(timeline.name).toMatch(/^loky-\d+-.*\.timeline\.json$/);
      const { traceEvents } = JSON.parse(await readFile(timeline.path, 'utf8')) as {
        traceEvents: { ph: string; name: string }[];
      };
      expect(traceEvents.some(({ ph, name }) => ph === 'X' && name === 'resize')).toBe(true);

      const saved = await save('s');
      const text = await readFile(saved.path, 'utf8');
      expect(text).not.toContain('token=browser');
      await host.end();
      const file = join(folder, 'saved.html');
      await writeFile(file, text);
      const copy = await chrome.newPage();
      copy.setDefaultTimeout(PATIENCE);
      copy.on('pageerror', (error) => faults.push(String(error)));
      const requests: string[] = [];
      copy.on('request', (request) => requests.push(request.url()));
      await copy.goto(pathToFileURL(file).href);
      await copy.locator('.status[data-state="paused"]', { hasText: 'saved at' }).waitFor();
      await functionRow(copy, 'resize').waitFor();
      await functionRow(copy, '<img').waitFor();
      expect(await copy.locator('img').count()).toBe(0);
      expect(requests.filter((url) => !url.startsWith('data:'))).toEqual([pathToFileURL(file).href]);
      expect(faults.filter((fault) => !/ERR_/.test(fault))).toEqual([]);
    },
    2 * PATIENCE,
  );

  test(
    'shows all tasks of a worker that runs several, and cancels the one that was chosen',
    async () => {
      const page = await open();
      host.order('share');
      const row = page.locator('.worker', { has: page.locator('.beside', { hasText: '+2' }) });
      await row.locator('.more').click();
      const tasks = row.locator('.tasks li');
      await tasks.nth(2).waitFor();
      expect((await tasks.allTextContents()).map((text) => text.split(' ')[0])).toEqual([
        ...['reads', 'asks', 'waits'],
      ]);
      await tasks.nth(1).locator('button').click();
      const dialog = page.locator('dialog[open]');
      expect(await dialog.textContent()).toMatch(/Cancel the task "asks"\?.*loses the 2 more that it runs/);
      await dialog.locator('button', { hasText: 'Yes' }).click();
      const failed = (kind: string, name: string) =>
        page.locator(`#failures details:has([data-kind="${kind}"]):has(b:text-is("${name}"))`);
      await failed('killed', 'asks').waitFor();
      for (const name of ['reads', 'waits']) await failed('lost', name).waitFor();
      expect(faults).toEqual([]);
    },
    2 * PATIENCE,
  );

  test(
    'is refused with a wrong token, under a foreign host name, and to a page of another site',
    async () => {
      const page = await chrome.newPage();
      const said = async (url: string) => {
        const response = await page.goto(url);
        return `${response?.status()} ${await page.textContent('body')}`;
      };
      const { port, origin } = new URL(host.url);
      expect(await said(`${origin}/?token=guessed`)).toMatch(/^403 The token is missing or wrong/);
      expect(await said(`http://rebound.example:${port}/?token=browser`)).toMatch(/^403 This host name/);
      const site = createServer((_, response) =>
        response.setHeader('content-type', 'text/html').end('another site'),
      );
      await once(site.listen(0, '127.0.0.1'), 'listening');
      try {
        await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
        // It even knows the token.
        const got = await page.evaluate<string[]>(`(async (url) => [
          await fetch(url).then((response) => response.text(), () => 'nothing'),
          await fetch(url + '&do=resize&pool=1&workers=9', { method: 'POST' }).then((response) => response.text(), () => 'nothing'),
          await new Promise((resolve) => {
            const source = new EventSource(url);
            source.onerror = () => resolve('nothing');
            source.onmessage = source.onopen = () => resolve('the stream');
          }),
          await new Promise((resolve) => {
            const frame = document.createElement('iframe');
            frame.onload = () => resolve(frame.contentDocument === null ? 'nothing' : frame.contentDocument.body.textContent);
            frame.src = url;
            document.body.append(frame);
          }),
        ])(${JSON.stringify(host.url)})`);
        expect(got).toEqual(['nothing', 'nothing', 'nothing', 'nothing']);
      } finally {
        site.close();
        site.closeAllConnections();
      }
      const own = await open();
      await own.locator('#pools dd', { hasText: 'at most 2' }).waitFor();
    },
    2 * PATIENCE,
  );

  test(
    'is live, and acts, behind the sign-in of the server that it is part of',
    async () => {
      const service = await startService('examples/view/express.js', { VIEW_PASSWORD: 'example' });
      try {
        const context = await chrome.newContext({
          httpCredentials: { username: 'any', password: 'example' },
        });
        const page = await context.newPage();
        page.setDefaultTimeout(PATIENCE);
        await page.goto(new URL('/view', service.address).href);
        await page.locator('.status[data-state="live"]').waitFor();
        expect(await (await fetch(new URL('/square/7', service.address))).text()).toBe('49\n');
        await page.locator('#functions tbody tr').first().waitFor();
        await page.locator('.pool input').fill('4');
        await page.locator('.pool button', { hasText: 'Change' }).click();
        await page.locator('dialog[open] button', { hasText: 'Yes' }).click();
        await page.locator('#pools dd', { hasText: 'at most 4' }).waitFor();
      } finally {
        await service.kill();
      }
    },
    2 * PATIENCE,
  );

  test(
    'can be used with the keyboard alone',
    async () => {
      const page = await open();
      host.order('stay');
      await page.locator('.task', { hasText: 'stays' }).waitFor();
      await page.locator('.pool input').waitFor();
      const reached = new Set<string>();
      for (let presses = 0; presses < 40; presses += 1) {
        await page.keyboard.press('Tab');
        reached.add(
          await page.evaluate<string>(
            `document.activeElement.closest('nav') ? 'buttons' : document.activeElement.className || document.activeElement.localName`,
          ),
        );
      }
      for (const part of ['buttons', 'more', 'lane', 'input', 'summary'])
        expect([...reached]).toContain(part);
      const row = page.locator('.worker', { has: page.locator('.task', { hasText: 'stays' }) });
      await row.locator('.more').focus();
      await page.keyboard.press('Enter');
      await row.locator('.tasks button').focus();
      await page.keyboard.press('Enter');
      await page.locator('dialog[open]').waitFor();
      expect(await page.evaluate<string>('document.activeElement.textContent')).toBe('No');
      await page.keyboard.press('Escape');
      await page.locator('dialog[open]').waitFor({ state: 'hidden' });
      expect(await page.locator('.task', { hasText: 'stays' }).count()).toBe(1);
      expect(faults).toEqual([]);
    },
    2 * PATIENCE,
  );

  test(
    'acts only after it has asked',
    async () => {
      const page = await open();
      host.order('stay');
      const row = page.locator('.worker', { has: page.locator('.task', { hasText: 'stays' }) });
      await row.locator('.more').click();
      await row.locator('button', { hasText: 'Cancel this task' }).click();
      const dialog = page.locator('dialog[open]');
      expect(await dialog.textContent()).toContain('Cancel the task "stays"?');
      await dialog.locator('button', { hasText: 'No' }).click();
      expect(await page.locator('.task', { hasText: 'stays' }).count()).toBe(1);
      await row.locator('button', { hasText: 'Cancel this task' }).click();
      await dialog.locator('button', { hasText: 'Yes' }).click();
      await page.locator('#failures details', { hasText: 'stays' }).waitFor();

      await page.locator('.pool input').fill('3');
      await page.locator('.pool button', { hasText: 'Change' }).click();
      expect(await dialog.textContent()).toContain('from at most 2 to at most 3 workers?');
      await dialog.locator('button', { hasText: 'Yes' }).click();
      await page.locator('#pools dd', { hasText: 'at most 3' }).waitFor();
      expect(faults).toEqual([]);
    },
    2 * PATIENCE,
  );
});
