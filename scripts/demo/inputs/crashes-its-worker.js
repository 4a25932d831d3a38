// demo: crash
/* Measuring this file ends the worker process, as a bug in native code would. See ../measure/bad-inputs.ts. */
export const harmless = true;
