/** `loky/view`: a page that shows what executors are doing. */
export type { FleetFigures, FleetJobs, FleetMachine } from './aggregate/fleet-figures.ts';
export { type ViewHandler, viewHandler } from './handler.ts';
export type { ServeViewOptions, ViewHandlerOptions } from './options.ts';
export { serveView, type View } from './serve.ts';
