/**
 * A plugin of TypeDoc: what `loky` exports is spread over a few pages, by the folder that it comes from, so that no
 * page is too long. It writes nothing.
 */
import { Comment, Converter, DeclarationReflection, ReflectionKind } from 'typedoc';

/** The first whose pattern fits the source file is the page. */
const pages = [
  [
    'Errors',
    /lib\/errors\.ts$/,
    'Every error class of the package. [Errors and what to do](../errors.md) has the ways out.',
  ],
  ['Futures', /lib\/futures\//, 'What `submit` gives, and waiting for several of them.'],
  [
    'Observing',
    /lib\/(?:executor\/(?:events|stats)\.ts$|manager\/|child\/protocol\.ts|observing\/)/,
    'Statistics, events, and what travels with them.',
  ],
  [
    'Sending',
    /lib\/sending\//,
    'How functions and values travel. [Sending functions and values](../sending-functions.md) explains it.',
  ],
  ['Processes', /lib\/(?:system|watchdog)\//, 'CPUs, start methods, and what a worker knows of itself.'],
  ['Executors', /lib\/(?:executor|options|child)\//, 'Executors, their options, and the options of tasks.'],
];

/** @param {import('typedoc').Application} app */
export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    const main = project.getChildByName(['index']);
    const modules = new Map();
    for (const reflection of [...(main?.children ?? [])]) {
      const page = pageOf(project, reflection);
      let module = modules.get(page);
      if (module === undefined) {
        module = new DeclarationReflection(page[0], ReflectionKind.Module, project);
        module.comment = new Comment([{ kind: 'text', text: page[2] }]);
        project.registerReflection(module, undefined, undefined);
        modules.set(page, module);
      }
      main.removeChild(reflection);
      reflection.parent = module;
      module.addChild(reflection);
    }
    if (main) project.removeReflection(main);
    for (const made of project.getReflectionsByKind(ReflectionKind.Constructor)) {
      if (!isCalledByUsers(made)) project.removeReflection(made);
    }
    for (const page of pages) if (modules.has(page)) project.addChild(modules.get(page));
    for (const module of [...(project.children ?? [])]) {
      if (!module.children?.length) project.removeReflection(module);
    }
  });
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => {
    const members = project.getReflectionsByKind(ReflectionKind.ClassMember | ReflectionKind.Property);
    for (const member of members) if (isRepeated(member)) project.removeReflection(member);
  });
}

function pageOf(project, reflection) {
  const file = project.getSymbolIdFromReflection(reflection)?.packagePath ?? 'nowhere';
  const page = pages.find(([, pattern]) => pattern.test(file));
  if (page === undefined)
    throw new Error(`Expected a page for ${reflection.name} of ${file}: add one to scripts/docs/pages.js`);
  return page;
}

/** Members that a class of the package repeats from another one. */
function isRepeated({ name, parent, inheritedFrom }) {
  return inheritedFrom !== undefined || (name === 'map' && parent?.kindOf(ReflectionKind.Class));
}

/** The others are made by the package. */
function isCalledByUsers({ parent }) {
  return parent?.name === 'ProcessPoolExecutor' || parent?.name === 'BullMQExecutor';
}
