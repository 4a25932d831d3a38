/** The command line of the soak, checked. It runs nothing. */
import { parseArgs } from 'node:util';

/** @param defaults Where samples and chart are kept, for a soak of another kind. */
export function readOptions(args, defaults = { json: 'docs/soak.json', svg: 'docs/soak.svg' }) {
  const { values } = parseArgs({
    args,
    options: {
      minutes: { type: 'string', default: '60' },
      workers: { type: 'string', default: '2' },
      every: { type: 'string', default: '5' },
      json: { type: 'string' },
      svg: { type: 'string' },
    },
  });
  return {
    minutes: positive('minutes', values.minutes),
    workers: positive('workers', values.workers),
    /** Seconds between two samples. */
    every: positive('every', values.every),
    json: values.json ?? defaults.json,
    svg: values.svg ?? defaults.svg,
  };
}

function positive(name, text) {
  const number = Number(text);
  if (!(number > 0)) throw new RangeError(`Expected --${name} to be a number above 0, but got ${text}.`);
  return number;
}
