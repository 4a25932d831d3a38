/** The command line of the soak, checked. It runs nothing. */
import { parseArgs } from 'node:util';

export function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      minutes: { type: 'string', default: '60' },
      workers: { type: 'string', default: '2' },
      every: { type: 'string', default: '5' },
      json: { type: 'string', default: 'docs/soak.json' },
      svg: { type: 'string', default: 'docs/soak.svg' },
    },
  });
  return {
    minutes: positive('minutes', values.minutes),
    workers: positive('workers', values.workers),
    /** Seconds between two samples. */
    every: positive('every', values.every),
    json: values.json,
    svg: values.svg,
  };
}

function positive(name, text) {
  const number = Number(text);
  if (!(number > 0)) throw new RangeError(`Expected --${name} to be a number above 0, but got ${text}.`);
  return number;
}
