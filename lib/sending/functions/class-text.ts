/** What the text of a class needs in order to be defined, and what its computed names have turned out to be. */

import { dataOf } from '../../system/own.ts';
import { type AstNode, childrenOf, isNode } from './syntax.ts';
import { cellName } from './text-plan.ts';
import { freeNames } from './walker.ts';

/** Under this name the text of a class finds the class that it extends. */
export const SUPER = '__loky_super';
/** Under such a name a text finds the module behind an import. */
export const importName = (variable: string): string => `__loky_import_${variable}`;

/** Names that a class needs while it is being defined: computed keys, static fields and blocks. */
export function definitionNames(cls: AstNode): Set<string> {
  const names = new Set<string>();
  const collect = (node: unknown): void => {
    if (!isNode(node)) return;
    for (const name of freeNames(node).names.keys()) {
      names.add(name).add(importName(name)).add(cellName(name));
    }
  };
  for (const member of (cls['body'] as AstNode)['body'] as AstNode[]) {
    if (member['computed']) collect(member['key']);
    if (member.type === 'PropertyDefinition' && member['static']) collect(member['value']);
    if (member.type === 'StaticBlock')
      for (const statement of member['body'] as AstNode[]) collect(statement);
  }
  return names;
}

/**
 * Static blocks and what static fields begin with: parts of the text that need not run again, as the class is sent with
 * the fields that they gave it. Where some of those are private, all must run, as nothing shows what became of them.
 */
export function staticParts(cls: AstNode): readonly AstNode[] {
  const members = ((cls['body'] as AstNode)['body'] as AstNode[]).filter(
    ({ type, static: isStatic }) =>
      type === 'StaticBlock' || (type !== 'MethodDefinition' && isStatic === true),
  );
  const isPrivate = (member: AstNode): boolean =>
    member.type === 'AccessorProperty' || mentionsPrivate(member);
  if (members.some(isPrivate)) return [];
  return members.flatMap((member) => {
    if (member.type === 'StaticBlock') return [member];
    const value = member['value'];
    return isNode(value) && !isOfFunctions(member) ? [value] : [];
  });
}

function mentionsPrivate(node: AstNode): boolean {
  if (node.type === 'PrivateIdentifier') return true;
  // What a class inside declares is its own; that it is asked too often does no harm.
  for (const child of childrenOf(node)) if (mentionsPrivate(child)) return true;
  return false;
}

/** Properties that all functions have, and which therefore are not sent. */
const OF_FUNCTIONS = new Set(['length', 'arguments', 'caller']);

function isOfFunctions({ computed, key }: AstNode): boolean {
  if (computed === true || !isNode(key)) return true;
  return OF_FUNCTIONS.has(String(key['name'] ?? key['value']));
}

/** Computed names of methods with what they turned out to be, where that is certain. `offset`: where `text` starts. */
export function computedKeys(
  fn: object,
  text: string,
  node: AstNode,
  offset: number,
): (readonly [key: AstNode, name: string])[] {
  const found: (readonly [AstNode, string])[] = [];
  const names = [methodNames(dataOf(fn, 'prototype')), methodNames(fn)];
  for (const member of (node['body'] as AstNode)['body'] as AstNode[]) {
    if (member.type !== 'MethodDefinition' || !member['computed']) continue;
    const whole = text.slice(member.start - offset, member.end - offset);
    const isStatic = member['static'] === true;
    const own = isStatic ? whole.replace(STATIC, '') : whole;
    // Of methods with the same text, it does not matter which has which name.
    const name = names[isStatic ? 1 : 0]?.get(own)?.shift();
    if (name !== undefined) found.push([member['key'] as AstNode, name]);
  }
  return found;
}

const STATIC = /^static(?:\s|\/\*[\s\S]*?\*\/|\/\/.*)*/;

/** The names under which an object has methods and accessors, by the texts of those. */
function methodNames(owner: unknown): Map<string, string[]> {
  const names = new Map<string, string[]>();
  for (const [name, { value, get, set }] of Object.entries(Object.getOwnPropertyDescriptors(owner))) {
    for (const method of [value, get, set] as unknown[]) {
      if (typeof method !== 'function') continue;
      const text = Function.prototype.toString.call(method);
      const same = names.get(text);
      if (same) same.push(name);
      else names.set(text, [name]);
    }
  }
  return names;
}
