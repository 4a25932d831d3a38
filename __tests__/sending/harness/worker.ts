/** The other process of these tests: a receiver that runs calls and answers. Bundled before it is started. */
import { createReceiver, type Receiver } from '../../../lib/sending/receiver.ts';
import type { Call, Told } from './process.ts';

let receiver: Promise<Receiver> | undefined;

async function run({ id, definitions, call }: Call): Promise<void> {
  const { define, decodeCall, encodeValue, encodeError } = (await receiver) as Receiver;
  for (const definition of definitions) define(definition.id, definition.payload);
  try {
    const { fn, args } = await decodeCall(call);
    const payload = encodeValue(await fn(...args));
    process.send?.({ id, ok: true, payload });
  } catch (error) {
    process.send?.({ id, ok: false, payload: encodeError(error) });
  }
}

process.on('message', (message: Told) => {
  if ('settings' in message) receiver = Promise.resolve(createReceiver(message.settings));
  else void run(message);
});
