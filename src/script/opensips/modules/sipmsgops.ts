import { letters, optional, output } from '../frame/argument.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { bodyFunctions } from './sipmsgops/body-functions.ts';
import { codecFunctions } from './sipmsgops/codec-functions.ts';
import { headerFunctions } from './sipmsgops/header-functions.ts';
import { listFunctions } from './sipmsgops/list-functions.ts';
import { uriFunctions } from './sipmsgops/uri-functions.ts';
import { validate } from './sipmsgops/validate.ts';

const { fn, define } = moduleParts<undefined>();

const VALIDATION = {
  s: 'the session description',
  h: 'the headers with addresses',
  m: 'no Max-Forwards is needed',
  r: 'the Request-URI',
  f: 'From',
  t: 'To',
  c: 'Contact',
};

export const module: ScriptModule = define({
  name: 'sipmsgops',
  summary:
    'Headers, bodies and codecs. Reading sees the message as it came; what is changed shows in what goes out.',
  functions: {
    ...headerFunctions,
    ...uriFunctions,
    ...listFunctions,
    ...bodyFunctions,
    ...codecFunctions,
    sipmsg_validate: fn({
      args: [optional(letters('flags', VALIDATION)), optional(output('result_pvar', 'takes what is wrong'))],
      routes: ['request', 'onreply', 'failure', 'branch'],
      describe:
        'Whether the message is as RFC 3261 has it. What is badly broken is turned away before any script.',
      returns:
        '1, or a code of what is wrong as OpenSIPS has them: -3 no Call-ID, -13 no Max-Forwards, -14 no Contact …',
      run: (m, _s, flags, result) => {
        const invalid = validate(m, flags ?? '');
        if (invalid === undefined) return true;
        result?.set(m, invalid.reason);
        return invalid.code;
      },
    }),
  },
});
