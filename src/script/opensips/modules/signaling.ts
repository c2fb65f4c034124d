import { int, text } from '../frame/argument.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';

const { fn, define } = moduleParts<undefined>();

export const module: ScriptModule = define({
  name: 'signaling',
  summary: 'Answers, with or without a transaction.',
  functions: {
    send_reply: fn({
      args: [int('code', { least: 100, most: 699 }), text('reason')],
      routes: ['request', 'failure', 'error'],
      describe: 'Answers the request.',
      run: (m, _s, code, reason) => m.program.reply(m.context, code, reason),
    }),
  },
});
