/** The two ends of sending: the host prepares calls and reads answers, the worker does the reverse. */

export type { ReceivedCall } from './common/payload.ts';
export * from './for-programs.ts';
export { createReceiver, type Receiver } from './receiver.ts';
export { createSender } from './sender.ts';
