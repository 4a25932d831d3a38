/**
 * From nothing to one result, for the scenario of that name: `node first-result.js ADAPTER` prints how long it
 * took from the creation of the pool and from the import of the library, as one JSON line. Loads nothing else.
 */
import { writeSync } from 'node:fs';
import { loadAdapter } from './adapters/index.js';

const adapter = await loadAdapter(process.argv[2]);
const beforeImport = performance.now();
const library = await adapter.load();
const beforeCreation = performance.now();
const pool = await adapter.open(library, { workers: 1 });
await pool.run('noop');
const end = performance.now();
writeSync(1, `${JSON.stringify({ created: end - beforeCreation, imported: end - beforeImport })}\n`);
await Promise.race([pool.close(), new Promise((resolve) => setTimeout(resolve, 1000))]);
process.exit();
