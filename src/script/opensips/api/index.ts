/** OpenSIPS scripts in TypeScript: what `import … from 'viaduct/opensips'` gives. */
export type { Value } from '../value.ts';
export type { Argument, Message } from './message.ts';
export {
  type Outcome,
  type Route,
  type ScriptDefinition,
  type ScriptParts,
  type Socket,
  script,
} from './script-definition.ts';
export { text } from './text.ts';
