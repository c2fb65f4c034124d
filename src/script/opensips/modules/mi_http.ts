import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { ignored, intParameter, textParameter } from '../frame/parameter.ts';
import { answerRpc } from '../mi/json-rpc.ts';
import { type HttpdState, module as httpd } from './httpd.ts';

const { define } = moduleParts();

const NO_TRACE = 'commands are not traced';
const JSON_TYPE = 'application/json';

export const module: ScriptModule = define({
  name: 'mi_http',
  summary: 'Management commands as JSON-RPC 2.0 by HTTP: `POST /mi`.',
  needs: ['httpd'],
  params: {
    root: textParameter('mi', 'The path.'),
    pretty_printing: intParameter(0, '1: answers have lines and indents.', { least: 0, most: 1 }),
    trace_destination: ignored('text', 'Where commands are traced.', NO_TRACE),
    trace_bwlist: ignored('text', 'Which commands are traced.', NO_TRACE),
  },
  start: ({ root, pretty_printing }, context) => {
    context.stateOf<HttpdState>(httpd)!.register({
      path: root.replaceAll(/^\/+|\/+$/g, ''),
      module: 'mi_http',
      answer: async (method, type, body) => {
        if (method !== 'POST') return { status: 405, body: 'Method Not Allowed' };
        // What a form of a strange page may send is not asked for.
        if (type !== JSON_TYPE) return { status: 406, body: `Content-Type: ${JSON_TYPE} is needed` };
        if (body === '') return { status: 400, body: 'Bad Request' };
        const answer = await answerRpc(context.program, body, pretty_printing === 1);
        return answer === undefined ? { status: 202 } : { status: 200, type: JSON_TYPE, body: answer };
      },
    });
    return undefined;
  },
});
