/** The codes with which the system says that it has nothing to spare for now, and may have some later. */

const SHORTAGES = ['EAGAIN', 'EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM'];

export const isShortageCode = (code: string): boolean => SHORTAGES.includes(code);

/** As V8, libuv, Node and the C library say it on stderr. */
const SHORTAGE = new RegExp(
  `pthread_create|uv_thread_create|Resource temporarily unavailable|Too many open files|Cannot allocate memory|\\b(?:${SHORTAGES.join('|')})\\b`,
);

export const reportsShortage = (stderr: string): boolean => SHORTAGE.test(stderr);
