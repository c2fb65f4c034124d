import { channels } from '../../../base/channels.ts';
import type { Argument, Message } from '../api/message.ts';
import { tell } from '../compile/operations.ts';
import type { Scope } from '../compile/scope.ts';
import type { FunctionSpec } from '../frame/function.ts';
import type { Index, VariableSpec } from '../frame/variable.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';
import type { Value } from '../value.ts';
import { argumentTaker, UNUSABLE } from './call-arguments.ts';
import { MessageBase, type MessageSurroundings } from './message-base.ts';

/** @returns what makes the messages of a program: with the functions and variables of its modules */
export function messageMaker(
  scope: Scope,
  states: readonly unknown[],
  around: Omit<MessageSurroundings, 'view'>,
): (m: ScriptMessage) => Message {
  class ProgramMessage extends MessageBase {}
  const { references } = around;
  const surroundings = { ...around, view };
  for (const [i, module] of scope.modules.entries()) {
    const state = states[i] as never;
    for (const [name, spec] of Object.entries(module.functions ?? {})) {
      define(name, { value: functionOf(spec, state) });
    }
    for (const [name, spec] of Object.entries(module.variables ?? {})) {
      define(`$${name}`, variableOf(name, spec, state));
    }
  }
  define('$var', {
    value(this: MessageBase, name: string): Value {
      return this.run.vars[references.slot(name)] ?? null;
    },
  });
  return view;

  function define(name: string, property: PropertyDescriptor): void {
    Object.defineProperty(ProgramMessage.prototype, name, { ...property, configurable: true });
  }

  function view(m: ScriptMessage): Message {
    return new ProgramMessage(m, surroundings) as unknown as Message;
  }

  function functionOf(spec: FunctionSpec<never>, state: never) {
    const take = argumentTaker(spec, references);
    const run = spec.run as (m: ScriptMessage, state: unknown, ...args: readonly unknown[]) => unknown;
    return function call(this: MessageBase, ...given: readonly Argument[]) {
      const args = take(this.run, given);
      if (args === UNUSABLE) return this.took(-1);
      this.argumentsKnown();
      const result = run(this.run, state, ...args);
      return result instanceof Promise ? result.then((it) => this.took(it)) : this.took(result as number);
    };
  }
}

/** A property where it is a name alone, else a method that takes what stands in the parentheses, and the index. */
function variableOf(name: string, spec: VariableSpec<never>, state: never): PropertyDescriptor {
  if ((spec.inner ?? 'none') !== 'none') {
    return {
      value(this: MessageBase, inner = '', index?: Index): Value {
        return spec.read(this.run, state, inner, index) ?? null;
      },
    };
  }
  return {
    get(this: MessageBase): Value {
      return spec.read(this.run, state, '', undefined) ?? null;
    },
    set(this: MessageBase, value: Argument) {
      this.assigned(value, (it) => spec.write?.(this.run, state, it, '', undefined, '=') ?? false);
      if (channels.step.hasSubscribers) tell(`$${name}`, spec.read(this.run, state, '', undefined));
    },
  };
}
