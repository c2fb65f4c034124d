import { headerId } from '../../../../wire/sip/header-name.ts';
import type { SipMessage } from '../../../../wire/sip/message.ts';
import { printedName } from '../../../../wire/sip/message.ts';
import { isToken } from '../../../../wire/sip/text.ts';
import { text } from '../../frame/argument.ts';
import type { FunctionSpec } from '../../frame/function.ts';
import { moduleParts } from '../../frame/module.ts';
import { WITH_MESSAGE } from '../../frame/route-kind.ts';

const { fn } = moduleParts<undefined>();

/** The options of a header that lists them, line by line. */
function lists(
  message: SipMessage,
  name: string,
): { readonly line: number; readonly options: readonly string[] }[] {
  const found = [];
  for (let line = message.findNamed(name); line >= 0; line = message.findNamed(name, line + 1)) {
    const options = message
      .valueAt(line)
      .split(',')
      .map((option) => option.trim())
      .filter((option) => option !== '');
    found.push({ line, options });
  }
  return found;
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

export const listFunctions: Readonly<Record<string, FunctionSpec<undefined>>> = {
  list_hdr_has_option: fn({
    args: [text('hdr_name'), text('option')],
    routes: WITH_MESSAGE,
    describe: 'Whether a header that lists options (Supported, Require …) has one.',
    run: (m, _s, name, option) =>
      lists(m.message, name).some(({ options }) => options.some((it) => same(it, option))),
  }),
  list_hdr_add_option: fn({
    args: [text('hdr_name'), text('option')],
    routes: WITH_MESSAGE,
    describe: 'Adds an option to a header that lists them, or the header with it; nothing where it has it.',
    run: (m, _s, name, option) => {
      if (!isToken(name) || !isToken(option)) return false;
      const found = lists(m.message, name);
      if (found.some(({ options }) => options.some((it) => same(it, option)))) return true;
      const last = found.at(-1);
      const id = headerId(name);
      m.changes.add((edit) => {
        if (last === undefined) edit.append(id === 0 ? name : printedName(id), option);
        else edit.insert(edit.message.valueEnd(last.line), `, ${option}`);
      });
      return true;
    },
  }),
  list_hdr_remove_option: fn({
    args: [text('hdr_name'), text('option')],
    routes: WITH_MESSAGE,
    describe: 'Takes an option out of a header that lists them, and the header where nothing is left.',
    run: (m, _s, name, option) => {
      let removed = false;
      for (const { line, options } of lists(m.message, name)) {
        const left = options.filter((it) => !same(it, option));
        if (left.length === options.length) continue;
        removed = true;
        m.changes.add((edit) => {
          if (left.length === 0) edit.removeLine(line);
          else edit.replaceValue(line, left.join(', '));
        });
      }
      return removed;
    },
  }),
};
