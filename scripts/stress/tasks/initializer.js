/** The initializer of some of the pools: it works, or fails in its way from the n-th start on. Stands by itself. */
export async function initializer(file, mode, nth) {
  const { appendFileSync, readFileSync } = process.getBuiltinModule('node:fs');
  appendFileSync(file, '.');
  await new Promise((resolve) => setTimeout(resolve, 5));
  if (readFileSync(file).length < nth) return;
  if (mode === 'throws') throw new Error('the initializer fails on purpose');
  if (mode === 'exits') process.exit(3);
  if (mode === 'hangs') await new Promise(() => setInterval(() => {}, 1000));
}
