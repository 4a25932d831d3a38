/** The parts of a pool, which those who decide about its tasks share. The manager makes them. */
import type { ExecutorSettings } from '../options/executor-options.ts';
import type { Sender } from '../sending/index.ts';
import type { Dispatcher } from './dispatch/dispatcher.ts';
import type { Fleet } from './fleet/fleet.ts';
import type { SparePreparation } from './fleet/spare-preparation.ts';
import type { Lifetime } from './lifetime.ts';
import type { PoolEvents } from './pool-events.ts';
import type { PoolWarnings } from './pool-warnings.ts';
import type { TaskCounts } from './tasks/task-counts.ts';

export interface PoolParts {
  readonly settings: ExecutorSettings;
  readonly sender: Sender;
  readonly fleet: Fleet;
  readonly dispatcher: Dispatcher;
  readonly lifetime: Lifetime;
  readonly sparePreparation: SparePreparation;
  readonly counts: TaskCounts;
  readonly warnings: PoolWarnings;
  readonly events: PoolEvents;
}
