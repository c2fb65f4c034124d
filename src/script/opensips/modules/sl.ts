import { int, text } from '../frame/argument.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { ignored } from '../frame/parameter.ts';

const { fn, define } = moduleParts<undefined>();

/** What the request is refused with where nothing else is known of why. */
const GENERAL = { status: 500, reason: "I'm terribly sorry, server error occurred (1/SL)" };

const reply = fn({
  args: [int('code', { least: 100, most: 699 }), text('reason')],
  routes: ['request', 'error'],
  describe: 'Answers the request, and keeps nothing of a final answer.',
  run: (m, _s, code, reason) => m.program.reply(m.context, code, reason, { stateless: true }),
});

export const module: ScriptModule = define({
  name: 'sl',
  summary: 'Answers that nothing is kept for.',
  params: {
    enable_stats: ignored('int', 'Whether answers are counted.', 'they always are: viaduct ctl statistics'),
  },
  functions: {
    sl_send_reply: reply,
    sl_reply_error: fn({
      args: [],
      routes: ['request', 'error'],
      describe: 'Answers with what went wrong last, or 500.',
      run: (m) => {
        const status = m.failed?.status ?? GENERAL.status;
        return m.program.reply(m.context, status, m.failed?.text ?? GENERAL.reason, { stateless: true });
      },
    }),
  },
});
