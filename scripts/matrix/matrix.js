/** Builds one program in many ways and runs what comes out. It prints nothing but how far it is. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { nodeIn } from './nodes.js';
import { openWorkshop } from './open-workshop.js';
import { programs } from './programs.js';
import { runProgram } from './run-program.js';
import { variants } from './variants.js';

/**
 * @typedef {object} Row
 * @property {string} variant
 * @property {number} major of Node.js
 * @property {string} [cannot] why there is nothing
 * @property {readonly import('./program/report.ts').Report[]} reports
 */

/**
 * @param {{ program: string, only: readonly string[], nodesOf(variant: string): readonly number[], workshop?: string }} wanted
 * @returns {Promise<Row[]>}
 */
export async function runMatrix({ program: wanted, only, nodesOf, workshop: kept }) {
  const workshop = openWorkshop(kept);
  const program = programs[wanted];
  const rows = [];
  for (const variant of only) {
    const folder = join(workshop, 'variants', `${wanted}-${variant}`);
    const place = { folder, modules: join(workshop, 'node_modules'), program };
    rows.push(...(await runVariant(workshop, variant, place, nodesOf(variant))));
  }
  return rows;
}

async function runVariant(workshop, variant, place, majors) {
  const { build, runsOn = () => true, skips = [] } = variants[variant];
  rmSync(place.folder, { recursive: true, force: true });
  mkdirSync(place.folder, { recursive: true });
  const built = await tried(() => build(place));
  const rows = [];
  for (const major of majors) {
    const node = nodeIn(workshop, major);
    const row = { variant, major };
    if (!node) rows.push({ ...row, cannot: 'not for this system', reports: [] });
    else if (!runsOn(node)) rows.push({ ...row, cannot: 'needs a newer Node.js', reports: [] });
    else if ('error' in built) rows.push({ ...row, reports: [failedBuild(built.error)] });
    else rows.push({ ...row, reports: await runProgram(place.folder, node, built.value, skips) });
    console.error(`${variant} on Node.js ${major}: done after ${Math.round(performance.now())} ms`);
  }
  return rows;
}

const failedBuild = (error) => ({
  of: 'the build',
  name: 'it',
  became: 'failed',
  reason: String(error?.message ?? error),
});

async function tried(action) {
  try {
    return { value: await action() };
  } catch (error) {
    return { error };
  }
}
