/** The demo as its users run it, on little, and its page in a real browser. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { browser, screenshot, showIn } from './browser.ts';

const little = ['--folder', 'scripts', '--files', '60', '--rounds', '2', '--searches', '4', '--tasks', '12'];

let folder = '';
let page = '';
let printed = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'loky-demo-'));
  page = join(folder, 'demo.html');
  const { stdout } = await execa(process.execPath, ['scripts/demo/demo.js', ...little, '--page', page], {
    env: { NODE_OPTIONS: '' },
    timeout: 120_000,
    killSignal: 'SIGKILL',
  });
  printed = stdout;
}, 130_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

test('three acts are printed', () => {
  expect(printed).toMatch(
    /1\. Your server stays responsive.*2\. The work gets done faster.*3\. And nothing gets lost/s,
  );
  expect(printed).toMatch(/in the process itself( +[\d.]+ m?s){4}/);
  expect(printed).toMatch(/The pool is [\d.]+ × as fast as one process/);
});

test('each fault becomes what it should, and nothing is left', () => {
  expect(printed).toMatch(/crash .*TerminatedWorkerError.*SIG/);
  expect(printed).toMatch(/hang .*TimeoutError/);
  expect(printed).toMatch(/leak .*answered; its worker, grown by \d+ MB, was replaced/);
  expect(printed).toMatch(/runaway .*TerminatedWorkerError.*memory limit/);
  expect(printed).toMatch(/All 8 others were answered, and rightly/);
  expect(printed).toMatch(/Of \d+ processes that ran for it, none is left/);
});

test('the page shows the texts as they are meant', async () => {
  const text = await readFile(page, 'utf8');
  expect(text).toContain('longest event loop delay');
  expect(text).not.toMatch(/%20|undefined|NaN|Infinity|\[object/);
});

test('the page needs nothing beside it', async () => {
  const text = await readFile(page, 'utf8');
  expect(text.match(/(?:src|href)="(?!#|data:,)[^"]*"|url\(|@import|https?:/g)).toBeNull();
});

const title =
  browser === undefined
    ? 'in a browser (skipped: there is no chromium; apt-get install chromium)'
    : 'in a browser';
(browser === undefined ? describe.skip : describe)(title, () => {
  const must = {
    '#headlines .card b': 3,
    '#latency polyline.curve': 2,
    '#latency .axis.up span': 2,
    '#streams .track': 3,
    '#streams rect': 3,
    '#speed tbody tr': 3,
    '#losses .tiles li.fault': 4,
    '#losses tbody tr': 4,
  };

  test('everything is seen at both widths, nothing is cut off, and the console stays empty', async () => {
    const { frames, console } = await showIn(page, [1280, 390], Object.keys(must));
    expect(console).toEqual([]);
    for (const { overflow, elements } of frames) {
      expect(overflow).toBe(0);
      for (const [selector, least] of Object.entries(must)) {
        expect([selector, elements[selector]?.count]).toEqual([selector, expect.any(Number)]);
        expect(elements[selector]?.count).toBeGreaterThanOrEqual(least);
      }
    }
    const [wide, narrow] = frames.map(({ elements }) => elements['#latency polyline.curve']?.width ?? 0);
    expect(wide).toBeGreaterThan(600);
    expect(narrow).toBeGreaterThan(250);
  });

  test.each([
    ['light', [255, 255, 255]],
    ['dark', [20, 23, 28]],
  ] as const)('a screenshot can be taken of it: %s', async (scheme, ground) => {
    const shot = await screenshot(page, scheme, [1280, 1600]);
    expect(shot).toMatchObject({ width: 1280, height: 1600, ground: [...ground] });
    expect(shot.bytes).toBeGreaterThan(50_000); // an empty page has a tenth of it
  });
});
