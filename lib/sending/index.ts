/** The two ends of sending: the host prepares calls and reads answers, the worker does the reverse. */
export * from './for-programs.ts';
export type { ReceivedCall } from './payload.ts';
export { createReceiver, type Receiver } from './receiver.ts';
export { createSender } from './sender.ts';
