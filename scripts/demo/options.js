/** What the demo can be asked for on its command line. Durations and sizes have no options: they fit any machine. */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));

export function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      folder: { type: 'string', default: resolve(root, 'node_modules') },
      page: { type: 'string', default: resolve(root, 'out/demo.html') },
      files: { type: 'string', default: 'Infinity' },
      rounds: { type: 'string', default: '5' },
      searches: { type: 'string', default: '40' },
      tasks: { type: 'string', default: '100' },
    },
  });
  return {
    folder: resolve(values.folder),
    page: resolve(values.page),
    files: atLeast('files', values.files, 1),
    rounds: atLeast('rounds', values.rounds, 1),
    searches: atLeast('searches', values.searches, 1),
    tasks: atLeast('tasks', values.tasks, 10),
  };
}

function atLeast(name, text, least) {
  const value = Number(text);
  if (value >= least) return value;
  throw new RangeError(`--${name} must be a number, ${least} or more, got ${JSON.stringify(text)}`);
}
