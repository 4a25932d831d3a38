/** Which exchange an engine has. */
import type { Exchange, Hears, QueuePlace } from './exchange.ts';
import { RedisExchange } from './redis-exchange.ts';
import { RelayExchange } from './relay-exchange.ts';

/** @throws TypeError if the connection is none that the engine takes. */
export const openExchange = (place: QueuePlace, hears: Hears): Exchange =>
  place.backend === undefined ? new RedisExchange(place, hears) : new RelayExchange(place, hears);
