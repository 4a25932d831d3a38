/** Which exchange an engine has. */
import type { Exchange, Hears, QueuePlace } from './exchange.ts';
import { redisExchange } from './redis-exchange.ts';
import { relayExchange } from './relay-exchange.ts';

/** @throws TypeError if the connection is none that the engine takes. */
export function openExchange(place: QueuePlace, hears: Hears): Exchange {
  return place.backend === undefined ? redisExchange(place, hears) : relayExchange(place, hears);
}
