/** A view in programs of their own: it never keeps one alive, and `LOKY_VIEW` shows one that knows nothing of it. */

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { scriptFolder } from '../executor/host-script.ts';
import { waitUntil } from '../helpers/processes.ts';
import { ask, openStream } from './reader.ts';

const run = scriptFolder();
const view = new URL('../../dist/view.js', import.meta.url).href;

test('a program ends by itself with a view that nothing looks at, and with a page open', async () => {
  const script = run(`
    const { serveView } = await import(${JSON.stringify(view)});
    const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
    say((await serveView()).url);
    await executor.submit(() => new Promise((resolve) => setTimeout(resolve, 1500)));
  `);
  const url = await script.line<string>();
  const stream = await openStream(url);
  await waitUntil(() => stream.snapshots().length === 1, 10_000);
  expect(await script.ended).toMatchObject({ code: 0, stderr: '' });
  await stream.ended;
});

test('a view alone keeps no program alive', async () => {
  const script = run(`
    const { serveView } = await import(${JSON.stringify(view)});
    await serveView();
    say('served');
  `);
  expect(await script.ended).toMatchObject({ code: 0, said: ['served'] });
});

test('LOKY_VIEW shows a program, and its workers serve nothing', async () => {
  const script = run(
    `
    const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
    say(await executor.submit(async (url) => {
      const { ProcessPoolExecutor } = await import(url);
      const inner = new ProcessPoolExecutor({ maxWorkers: 1 });
      const result = await inner.submit(() => process.env.LOKY_VIEW);
      await inner.shutdown();
      return result;
    }, ${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)}));
    await executor.submit(() => new Promise((resolve) => setTimeout(resolve, 1000)));
  `,
    { env: { LOKY_VIEW: '0', LOKY_VIEW_TOKEN: 'fixed' } },
  );
  const { code, said, stderr } = await script.ended;
  expect([code, said]).toEqual([0, ['0']]);
  expect(stderr).toMatch(/^loky: the live view is at http:\/\/127\.0\.0\.1:\d+\/\?token=fixed\n$/);
});

test('LOKY_VIEW shows a program that imports only loky/bullmq', async () => {
  const program = `
    import { processor } from 'loky/bullmq';
    const run = processor(() => 42);
    console.log(await run({ id: '1', name: 'answer', data: {} }));
    await run.close();`;
  const env = { ...process.env, LOKY_VIEW: '0', LOKY_VIEW_TOKEN: 'fixed' };
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', program],
    { env },
  );
  expect(stdout.trim()).toBe('42');
  expect(stderr).toMatch(/^loky: the live view is at http:\/\/127\.0\.0\.1:\d+\/\?token=fixed\n$/);
});

test('LOKY_VIEW on a port that is taken is a warning, and the program goes on', async () => {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    for (const value of [String(port), 'abc']) {
      const script = run(
        `const executor = new ProcessPoolExecutor({ maxWorkers: 1 }); say(await executor.submit(() => 42));`,
        { env: { LOKY_VIEW: value } },
      );
      expect(await script.ended).toMatchObject({
        code: 0,
        said: [42],
        stderr: expect.stringContaining('LOKY_VIEW_FAILED'),
      });
    }
  } finally {
    server.close();
  }
});

test('the page of LOKY_VIEW is there while the program runs', async () => {
  const script = run(
    `const executor = new ProcessPoolExecutor({ maxWorkers: 1 }); await executor.submit(() => new Promise((resolve) => setTimeout(resolve, 2500)));`,
    {
      env: { LOKY_VIEW: '0' },
    },
  );
  let stderr = '';
  script.child.stderr?.on('data', (text: string) => {
    stderr += text;
  });
  await waitUntil(() => stderr.includes('token='), 10_000);
  expect((await ask(stderr.trim().split(' ').at(-1) ?? '')).status).toBe(200);
  expect((await script.ended).code).toBe(0);
});
