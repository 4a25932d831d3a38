/** What the text of a class needs in order to be defined, and what its computed names have turned out to be. */
import { freeNames } from './free-names.ts';
import { type AstNode, isNode } from './syntax.ts';

/** Under this name the text of a class finds the class that it extends. */
export const SUPER = '__loky_super';
/** Under such a name a text finds the module behind an import. */
export const importName = (variable: string): string => `__loky_import_${variable}`;

/** Names that a class needs while it is being defined: computed keys, static fields and blocks. */
export function definitionNames(cls: AstNode): Set<string> {
  const names = new Set<string>();
  const collect = (node: unknown): void => {
    if (!isNode(node)) return;
    for (const name of freeNames(node).names.keys()) names.add(name).add(importName(name));
  };
  for (const member of (cls['body'] as AstNode)['body'] as AstNode[]) {
    if (member['computed']) collect(member['key']);
    if (member.type === 'PropertyDefinition' && member['static']) collect(member['value']);
    if (member.type === 'StaticBlock')
      for (const statement of member['body'] as AstNode[]) collect(statement);
  }
  return names;
}

/** Computed names of methods with what they turned out to be, where that is certain. */
export function computedKeys(fn: object, node: AstNode): (readonly [key: AstNode, name: string])[] {
  const members = (node['body'] as AstNode)['body'] as AstNode[];
  const found: (readonly [AstNode, string])[] = [];
  for (const isStatic of [false, true]) {
    const owner = isStatic ? fn : (Object.getOwnPropertyDescriptor(fn, 'prototype')?.value as object);
    const mine = members.filter(
      (member) => member.type === 'MethodDefinition' && member['static'] === isStatic,
    );
    const computed = mine.filter((member) => member['computed']);
    const named = new Set(
      mine.filter((member) => !member['computed']).map((member) => keyName(member['key'] as AstNode)),
    );
    const others = Object.getOwnPropertyNames(owner).filter((key) => {
      const descriptor = Object.getOwnPropertyDescriptor(owner, key);
      return !named.has(key) && !STANDARD.has(key) && !descriptor?.enumerable;
    });
    if (others.length !== computed.length) continue;
    computed.forEach((member, index) => {
      found.push([member['key'] as AstNode, others[index] as string]);
    });
  }
  return found;
}

const STANDARD = new Set(['constructor', 'prototype', 'length', 'name']);
const keyName = (key: AstNode): string => String(key['name'] ?? key['value']);
