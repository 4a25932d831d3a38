/**
 * What processes ran of the build, in lines of the sources. Node writes ranges of offsets with counts, the build's
 * source maps say which line an offset comes from. The maps also tell which lines are code at all.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodedMappings, TraceMap } from '@jridgewell/trace-mapping';

/** @returns {Map<string, Map<number, boolean>>} for each source, its lines of code, and whether they were run */
export function linesOfBuild(root, folder) {
  const dist = join(root, 'dist');
  const lines = new Map();
  const scripts = new Map();
  for (const name of readdirSync(dist).filter((file) => /\.cjs$/.test(file)))
    scripts.set(join(dist, name), readScript(root, readBuilt(join(dist, name))));
  for (const segments of scripts.values())
    for (const { source, line } of segments) note(lines, source, line, false);
  const names = readdirSync(folder);
  for (const name of names.filter(isBundle)) {
    const bundle = JSON.parse(readFileSync(join(folder, name), 'utf8'));
    const segments = readScript(root, bundle);
    const ofTheBuild = segments.filter(({ source, line }) => lines.get(source)?.has(line));
    scripts.set(bundle.file, ofTheBuild);
  }
  for (const name of names.filter((each) => !isBundle(each))) {
    for (const { url, functions } of readCoverage(join(folder, name))) {
      const segments = url.startsWith('file:') ? scripts.get(fileURLToPath(url)) : undefined;
      if (segments === undefined) continue;
      const counts = countsOf(functions, segments);
      for (const [index, { source, line }] of segments.entries())
        if (counts[index] > 0) note(lines, source, line, true);
    }
  }
  return lines;
}

/** Some tests bundle what they need of lib/ into a folder that they remove: they leave the text and its map. */
const isBundle = (name) => name.startsWith('bundle-');

const readBuilt = (file) => ({
  file,
  text: readFileSync(file, 'utf8'),
  map: readFileSync(`${file}.map`, 'utf8'),
});

function note(lines, source, line, isRun) {
  if (!lines.has(source)) lines.set(source, new Map());
  const known = lines.get(source);
  known.set(line, isRun || known.get(line) === true);
}

/** A process that was killed while it wrote left half a file. */
function readCoverage(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).result;
  } catch {
    return [];
  }
}

/** The places of a built script that come from sources of ours, by rising offset. */
function readScript(root, { file, text, map: mapText }) {
  const map = new TraceMap(mapText);
  const sources = map.sources.map((source) => resolve(dirname(file), source).slice(root.length + 1));
  const segments = [];
  let start = 0;
  for (const [row, mapped] of decodedMappings(map).entries()) {
    for (const [column, source, line] of mapped) {
      if (source === undefined || !/^(lib|workers)\//.test(sources[source])) continue;
      segments.push({ offset: start + column, source: sources[source], line: line + 1 });
    }
    start = text.indexOf('\n', start) + 1;
    if (start === 0 && row === 0) break;
  }
  return segments;
}

/** How often each place was run: the innermost range around it says so. Outer ranges come first. */
function countsOf(functions, segments) {
  const counts = new Array(segments.length).fill(0);
  const ranges = functions.flatMap((each) => each.ranges);
  ranges.sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset);
  for (const { startOffset, endOffset, count } of ranges) {
    for (let at = firstFrom(segments, startOffset); at < segments.length; at += 1) {
      if (segments[at].offset >= endOffset) break;
      counts[at] = count;
    }
  }
  return counts;
}

function firstFrom(segments, offset) {
  let [low, high] = [0, segments.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (segments[middle].offset < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
