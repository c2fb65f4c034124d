import { nearest } from '../../../base/nearest.ts';
import type { FunctionSpec } from '../frame/function.ts';
import type { ScriptModule } from '../frame/module.ts';
import type { VariableSpec } from '../frame/variable.ts';
import type { TransformSpec } from '../transform/transform.ts';

/** Something that a module declares, with the module. */
export interface Declared<T> {
  readonly spec: T;
  readonly module: ScriptModule;
}

export interface ScopeOptions {
  readonly elsewhere?: readonly ScriptModule[];
  readonly incomplete?: boolean;
}

/** The names that a script may use: those of the core and of the modules that it loads. */
export class Scope {
  readonly modules: readonly ScriptModule[];
  readonly #functions = new Map<string, Declared<FunctionSpec<never>>>();
  readonly #variables = new Map<string, Declared<VariableSpec<never>>>();
  readonly #missing = new Map<string, { readonly module: string; readonly why: string }>();
  readonly #transformations: ReadonlyMap<string, TransformSpec>;
  readonly #elsewhere: readonly ScriptModule[];
  /** Modules are missing: names that are not known may be theirs. */
  readonly incomplete: boolean;

  /**
   * @param modules the core first: a module's own function goes over one of the same name before it
   * @param elsewhere modules that the script does not load, to tell whose a name is
   */
  constructor(
    modules: readonly ScriptModule[],
    transformations: ReadonlyMap<string, TransformSpec>,
    { elsewhere = [], incomplete = false }: ScopeOptions = {},
  ) {
    this.modules = modules;
    this.#transformations = transformations;
    this.#elsewhere = elsewhere;
    this.incomplete = incomplete;
    for (const module of modules) {
      for (const [name, spec] of Object.entries(module.functions ?? {})) {
        this.#functions.set(name, { spec, module });
      }
      for (const [name, spec] of Object.entries(module.variables ?? {})) {
        this.#variables.set(name, { spec, module });
      }
      for (const [name, why] of Object.entries(module.missing ?? {})) {
        this.#missing.set(name, { module: module.name, why });
      }
    }
  }

  function(name: string): Declared<FunctionSpec<never>> | undefined {
    return this.#functions.get(name);
  }

  /** `$tt`; names with a dot may be those of a variable with its field. */
  variable(name: string): Declared<VariableSpec<never>> | undefined {
    return this.#variables.get(name);
  }

  transformation(name: string): TransformSpec | undefined {
    return this.#transformations.get(name.toLowerCase());
  }

  /** Why something that OpenSIPS has is not there. */
  missing(name: string): { readonly module: string; readonly why: string } | undefined {
    return this.#missing.get(name);
  }

  /** What to do about a function that is not known. */
  functionHint(name: string): string | undefined {
    const owners = this.#elsewhere.filter(({ functions }) => functions !== undefined && name in functions);
    return loadHint(owners) ?? meant(nearest(name, [...this.#functions.keys()]));
  }

  /** What to do about a variable that is not known. */
  variableHint(name: string): string | undefined {
    const owners = this.#elsewhere.filter(({ variables }) => variables !== undefined && name in variables);
    const near = nearest(name, [...this.#variables.keys()]);
    return loadHint(owners) ?? meant(near && `$${near}`);
  }

  nearestTransformation(name: string): string | undefined {
    return nearest(name, [...this.#transformations.keys()]);
  }
}

function loadHint(owners: readonly ScriptModule[]): string | undefined {
  if (owners.length === 0) return undefined;
  return `write ${owners.map(({ name }) => `loadmodule "${name}.so"`).join(' or ')}`;
}

function meant(near: string | undefined): string | undefined {
  return near && `did you mean ${near}?`;
}
