/** `map` over small tasks, one by one and in chunks, beside the same number of submits. */

export const map = {
  name: 'map',
  group: 'closures and map',
  title: 'map over small tasks',
  libs: ['loky'],
  metrics: {
    submits: { title: 'submit for each', unit: '/s', better: 'higher' },
    single: { title: 'map', unit: '/s', better: 'higher' },
    chunked: { title: 'map, chunkSize 100', unit: '/s', better: 'higher' },
  },
  sizes: { full: { calls: 20_000 }, quick: { calls: 5000 } },
  timeout: 60_000,
  async run({ adapter, library, sizes }) {
    const { executor } = await adapter.open(library, { workers: 2 });
    const { echo } = library.tasks;
    const inputs = Array.from({ length: sizes.calls }, (_, index) => index);
    await Promise.all(inputs.slice(0, 1000).map((input) => executor.submit(echo, input)));
    let right = true;
    const rateOf = async (work) => {
      const start = performance.now();
      const results = await work();
      const seconds = (performance.now() - start) / 1000;
      right &&= results.length === inputs.length && results.every((result, index) => result === index);
      return sizes.calls / seconds;
    };
    const metrics = {
      submits: await rateOf(() => Promise.all(inputs.map((input) => executor.submit(echo, input)))),
      single: await rateOf(() => executor.map(echo, inputs).toArray()),
      chunked: await rateOf(() => executor.map(echo, inputs, { chunkSize: 100 }).toArray()),
    };
    return { status: right ? 'ok' : 'wrong', metrics };
  },
};
