/**
 * Has the kernel killed for memory? The control groups of this process count it. It only reads: a caller that compares
 * the figure of before with the one after a SIGKILL draws the conclusion.
 */
import { cgroupFolders, type ReadText, readText } from '../system/cgroup.ts';

/** A reader of the counter that searches its file once. */
export function createOomKillReader(read: ReadText = readText): () => number | undefined {
  let file: string | undefined | null = null;
  return () => {
    if (file === null) file = findFile(read);
    return file === undefined ? undefined : parse(read(file));
  };
}

/**
 * How many processes of this process's control group the kernel has killed for their memory so far, or
 * `undefined` where that cannot be read (no control groups, Linux before 4.13, other systems). Never throws.
 */
export const readOomKills: () => number | undefined = createOomKillReader();

/** Its own group first: the counters of ancestors count strangers as well. */
function findFile(read: ReadText): string | undefined {
  const { v2, v1 } = cgroupFolders('memory', read);
  const candidates = [
    ...v2.map((folder) => `${folder}/memory.events`),
    ...v1.map((folder) => `${folder}/memory.oom_control`),
  ];
  return candidates.find((candidate) => parse(read(candidate)) !== undefined);
}

function parse(text: string | undefined): number | undefined {
  const digits = /^oom_kill (\d+)$/m.exec(text ?? '')?.[1];
  return digits === undefined ? undefined : Number(digits);
}
