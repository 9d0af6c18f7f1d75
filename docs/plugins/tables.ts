// The generator's tables, as `oint --describe` knows them.

import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {readRows} from './rows.mjs';

export interface Param {
  name: string;
  argument: string | null;
  option: string | null;
  type: string;
  required: boolean;
  default: unknown;
  values: unknown[];
  meanings?: Record<string, string>;
  wire: string;
  description: string;
  entity?: string;
  omit?: string[];
  entries?: Param[];
  readonly?: boolean;
  answered?: boolean;
  group?: boolean;
}

export interface Command {
  key: string;
  method: string | null;
  function: string;
  aliases: string[];
  title: string;
  summary: string;
  scope: string;
  rest: 2 | 3;
  effect: string;
  deprecated: object | null;
  params: Param[];
  returns: {entity: string | null; or?: {entity: string | null}[]} | null;
  category: string;
  position: number;
  [more: string]: unknown;
}

export interface Entity {
  entity: string;
  description: string;
  fields: Param[];
}

export interface Category {
  folder: string;
  order: number;
  title: string;
  summary: string;
}

export interface Descriptor {
  commands: Command[];
  types: Record<string, Entity>;
}

export interface Tables {
  categories: Category[];
  commands: Command[];
  types: Map<string, Entity>;
  scopes(): Map<string, Descriptor>;
  index(): object[];
}

/** The address of a function's page. */
export const pageOf = (command: Command): string => `/reference/${command.category}/${command.key}`;

/** The address of the list of the types that have pages. */
export const OBJECTS = '/reference/objects';

/** The address of a type's page, if it has one. */
export const objectPage = (entity: string): string => `${OBJECTS}/${entity.toLowerCase().replaceAll('_', '-')}`;

export function readTables(path: string): Tables {
  const types = new Map<string, Entity>();
  const categories: Category[] = [];
  const commands: Command[] = [];
  for (const {key, ...row} of readRows(path) as any[]) {
    if (key.startsWith('type:')) types.set(row.entity, row);
    else if (key.startsWith('category:')) categories.push(row);
    else commands.push({key, ...row});
  }
  categories.sort((a, b) => a.order - b.order);
  const place = new Map(categories.map(({folder, order}) => [folder, order]));
  const order = (command: Command): number => place.get(command.category) ?? 0;
  commands.sort((a, b) => order(a) - order(b) || a.position - b.position);
  return {
    categories,
    commands,
    types,
    scopes() {
      const scopes = new Map<string, Descriptor>();
      for (const command of commands) {
        const scope = scopes.get(command.scope) ?? {commands: [], types: {}};
        scopes.set(command.scope, scope);
        scope.commands.push({...command, page: pageOf(command)});
        collect(command.params, types, scope.types);
      }
      return new Map([...scopes].sort(([a], [b]) => (a < b ? -1 : 1)));
    },
    index() {
      return commands.map((command) => ({
        command: command.key, function: command.function, method: command.method, rest: command.rest, scope: command.scope,
        effect: command.effect, title: command.title, page: pageOf(command),
      }));
    },
  };
}

/** The shared types that parameters refer to, and those that these refer to. */
function collect(params: Param[], types: Map<string, Entity>, found: Record<string, Entity>): void {
  for (const param of params) {
    if (param.entries) collect(param.entries, types, found);
    const entity = param.entity ? types.get(param.entity) : undefined;
    if (entity && !found[entity.entity]) {
      found[entity.entity] = entity;
      collect(entity.fields, types, found);
    }
  }
}
