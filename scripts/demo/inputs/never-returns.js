// demo: never return
/* Measuring this file never comes to an end, as with an unlucky regular expression. See ../measure/bad-inputs.ts. */
export const harmless = true;
