import 'reflect-metadata';
import { use } from './use.ts';

class Service {
  run(): string {
    return 'ran';
  }
}
Reflect.defineMetadata('role', 'admin', Service);
Reflect.defineMetadata('timeout', 5, Service.prototype, 'run');

export class Route {
  readonly path: string;
  constructor(path: string) {
    this.path = path;
  }
}
Reflect.defineMetadata('method', 'GET', Route);

export const methodOf = (): unknown => Reflect.getMetadata('method', Route);

use('reflect-metadata', 'an exported function', methodOf);
use(
  'reflect-metadata',
  'metadata defined in the task',
  (value: string) => {
    class Local {}
    Reflect.defineMetadata('key', value, Local);
    return [Reflect.getMetadata('key', Local), Reflect.hasOwnMetadata('other', Local)];
  },
  'there',
);
use(
  'reflect-metadata',
  'metadata of a captured class',
  (key: string) => Reflect.getMetadata(key, Service),
  'role',
);
use('reflect-metadata', 'metadata of a method', () => [
  Reflect.getMetadata('timeout', Service.prototype, 'run'),
  new Service().run(),
]);
use(
  'reflect-metadata',
  'metadata of an exported class',
  (route: Route) => [Reflect.getMetadata('method', route.constructor), route.path],
  new Route('/a'),
);
