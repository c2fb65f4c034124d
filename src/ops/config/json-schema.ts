import { z } from 'zod';
import type { ConfigPath } from './place.ts';
import { configSchema } from './schema.ts';

/** As much of JSON Schema as the configuration's schema uses. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly enum?: readonly string[];
  readonly const?: string;
}

/** The JSON Schema of the configuration file, for editors. */
export function configJsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(configSchema, { io: 'input', target: 'draft-07' });
  return { title: 'viaduct.yaml', ...schema } as JsonSchema;
}

/** The keys that may stand at a path. */
export function knownKeys(path: ConfigPath): readonly string[] {
  let nodes: readonly JsonSchema[] = [configJsonSchema()];
  for (const step of path) {
    nodes = nodes.flatMap(alternatives).flatMap((node) => {
      const next = typeof step === 'number' ? node.items : node.properties?.[String(step)];
      return next ? [next] : [];
    });
  }
  return nodes.flatMap(alternatives).flatMap((node) => Object.keys(node.properties ?? {}));
}

function alternatives(node: JsonSchema): readonly JsonSchema[] {
  return node.anyOf ?? [node];
}
