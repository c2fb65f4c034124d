import type { Async, Call, Expression, RouteCall, Statement } from '../language/ast.ts';

/** The calls within a route. */
export interface Calls {
  readonly functions: Call[];
  readonly routes: RouteCall[];
  readonly async: Async[];
}

/** Finds every call in a list of statements, wherever it stands. */
export function callsOf(
  body: readonly Statement[],
  found: Calls = { functions: [], routes: [], async: [] },
): Calls {
  for (const statement of body) visit(statement, found);
  return found;
}

function visit(node: Statement | Expression | undefined, found: Calls): void {
  switch (node?.kind) {
    case 'call':
      found.functions.push(node);
      return;
    case 'route':
      found.routes.push(node);
      return;
    case 'async':
    case 'launch':
      found.async.push(node);
      return;
    case 'assign':
      visit(node.value, found);
      return;
    case 'if':
      visit(node.test, found);
      callsOf(node.then, found);
      if (node.otherwise) callsOf(node.otherwise, found);
      return;
    case 'while':
      visit(node.test, found);
      callsOf(node.body, found);
      return;
    case 'for':
    case 'block':
      callsOf(node.body, found);
      return;
    case 'switch':
      for (const { body } of node.cases) callsOf(body, found);
      return;
    case 'assert':
      visit(node.test, found);
      return;
    case 'logic':
    case 'arithmetic':
      visit(node.left, found);
      visit(node.right, found);
      return;
    case 'not':
    case 'test':
    case 'complement':
      visit(node.operand, found);
      return;
    default:
      return;
  }
}
