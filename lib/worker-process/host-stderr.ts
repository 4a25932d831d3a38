/** What workers write goes to the host's own stderr as `console.error` would write it: it fails for nobody. */

export function writeToHostStderr(chunk: Buffer): void {
  try {
    const { stderr } = process;
    stderr.write(chunk, (error) => {
      // Nobody reads it any more, or its disk is full; that is emitted right after this.
      if (error && stderr.listenerCount('error') === 0) stderr.once('error', () => {});
    });
  } catch {} // the program has put a function of its own there
}
