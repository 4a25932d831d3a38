/** All that runs in worker processes. An entry of the build: what is in it lies in files of its own, which load quickly. */
export { runGiven, runSigned, runTask } from './in-worker.ts';
export { runProcessorFile, runProcessorFunction } from './run-processor.ts';
