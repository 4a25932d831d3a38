/** Which exchange an engine has. */
import type { Exchange, QueuePlace, Subscription } from './exchange.ts';
import { RedisExchange } from './redis-exchange.ts';
import { RelayExchange } from './relay-exchange.ts';

/** @throws TypeError if the connection is none that the engine takes. */
export const openExchange = (place: QueuePlace, subscription: Subscription): Exchange =>
  place.backend === undefined
    ? new RedisExchange(place, subscription)
    : new RelayExchange(place, subscription);
