import { describe, expect, it } from 'vitest';
import { holds, resultOf, runBody } from '../testing/run-body.ts';

describe('truth', () => {
  it.each([
    ['0', false],
    ['1', true],
    ['-1', true],
    ['$var(unset)', false],
    ['$var(empty)', false],
    ['$var(zero)', false],
    ['$var(text)', true],
    ['$var(one)', true],
    ['$rp', true],
    ['!$var(unset)', true],
    ['not $var(text)', false],
    ['$var(one) and $var(text)', true],
    ['$var(zero) or $var(text)', true],
    ['[$var(one) & 2]', false],
    ['[$var(one) | 2]', true],
    ['[$var(one) - 1]', false],
  ])('%s', async (condition, expected) => {
    const before = '$var(empty) = ""; $var(zero) = 0; $var(text) = "x"; $var(one) = 1;';
    expect(await holds(condition, before)).toBe(expected);
  });

  it('takes && and || from left to right, as they bind equally', async () => {
    expect(await holds('1 || 1 && 0')).toBe(false);
    expect(await holds('1 || (1 && 0)')).toBe(true);
    expect(await holds('0 && 0 || 1')).toBe(true);
  });

  it('looks at no more operands than it needs', async () => {
    const more = 'route[a] { xlog("a"); return(1); } route[b] { xlog("b"); return(-1); }';
    expect(await runBody('if (route(a) || route(b)) xlog("yes");', { more })).toEqual(['a', 'yes']);
    expect(await runBody('if (route(b) && route(a)) xlog("yes"); else xlog("no");', { more })).toEqual([
      'b',
      'no',
    ]);
  });
});

describe('comparison', () => {
  it.each([
    ['$var(t) == "hello"', true],
    ['$var(t) == "HELLO"', true],
    ['$var(t) != "HELLO"', false],
    ['$var(t) =~ "^HEL+o$"', true],
    ['$var(t) !~ "l{3}"', true],
    ['$var(t) =~ "^h.*[[:alpha:]]$"', true],
    ['$var(five) == 5', true],
    ['$var(five) == "5"', true],
    ['$var(five) != 6', true],
    ['$var(five) >= 5', true],
    ['$var(five) > 5', false],
    ['$var(five) < 6', true],
    ['$var(five) <= 4', false],
    ['$var(textfive) == 5', false],
    // An error is neither true nor false, and stays one under "!".
    ['$var(textfive) != 5', false],
    ['!($var(textfive) == 5)', false],
    ['$var(textfive) == "5"', true],
    ['$var(textfive) == $var(five)', true],
    ['$(var(textfive){s.int}) == 5', true],
    ['$var(t) < "help"', true],
    ['$var(t) > "HELL"', true],
    ['$var(unset) == NULL', true],
    ['$var(unset) == null', true],
    ['$var(unset) != NULL', false],
    ['$var(t) != NULL', true],
    ['$var(unset) == ""', false],
    ['$var(unset) != ""', true],
    ['$var(unset) == 0', false],
    ['$var(unset) == $avp(unset)', true],
    ['$var(unset) == $var(t)', false],
    ['$var(unset) != $var(t)', true],
    ['$si == 192.0.2.7', true],
    ['$si == 192.0.2.0/24', true],
    ['$si == 192.0.2.0/255.255.255.0', true],
    ['$si != 10.0.0.0/8', true],
    ['$var(t) == 10.0.0.0/8', false],
    ['$var(t) =~ $var(pattern)', true],
    ['$var(t) !~ $var(pattern)', false],
  ])('%s', async (condition, expected) => {
    const before = '$var(t) = "Hello"; $var(five) = 5; $var(textfive) = "5"; $var(pattern) = "^h";';
    expect(await holds(condition, before)).toBe(expected);
  });

  it('tells of operands of different kinds, with the place', async () => {
    expect(await runBody('$var(a) = "5"; if ($var(a) == 5) exit;')).toEqual([
      'test.cfg:2:28: the text "5" == the number 5 compares different kinds',
    ]);
  });
});

describe('values', () => {
  it.each([
    ['1 + 2', '3'],
    ['7 - 10', '-3'],
    ['6 * 7', '42'],
    ['7 / 2', '3'],
    ['-7 / 2', '-3'],
    ['7 % 4', '3'],
    ['6 & 3', '2'],
    ['6 | 3', '7'],
    ['6 ^ 3', '5'],
    ['1 << 4', '16'],
    ['-16 >> 2', '-4'],
    ['~ 0', '-1'],
    ['4 + ( 7 & ( ~2 ) )', '9'],
    ['1 + 2 * 3', '9'],
    ['1 + (2 * 3)', '7'],
    ['0x10 + 010', '24'],
    ['2147483647 + 1', '-2147483648'],
    ['"a" + "b"', 'ab'],
    ['"sip:" + $fU + "@" + $fd', 'sip:alice@example.com'],
    ['"n" + $var(five)', 'n5'],
    ['$var(five) + $var(unset)', '5'],
    ['$var(unset) + "x"', 'x'],
    ['"say \\"hi\\"\\t!"', 'say "hi"\t!'],
    ["'raw \\t $fU'", 'raw \\t $fU'],
    ['yes', '1'],
    ['off', '0'],
  ])('%s is %s', async (expression, expected) => {
    expect(await resultOf(expression, '$var(five) = 5;')).toBe(expected);
  });

  it.each([
    ['"5" + 1', '"5" + the number 1 cannot be calculated'],
    ['"a" + "b" + 1', '"ab" + the number 1 cannot be calculated'],
    ['1 + "a"', 'the number 1 + the text "a" cannot be calculated'],
    ['1 / 0', 'divided by 0'],
    ['"a" - "b"', 'cannot be calculated'],
  ])('%s is no value, and leaves NULL', async (expression, complaint) => {
    const lines = await runBody(`$var(r) = ${expression}; xlog("$rc $var(r)");`);
    expect(lines[0]).toContain(complaint);
    expect(lines.at(-1)).toBe('-1 <null>');
  });

  it('fills nothing in on assignment, but in formats', async () => {
    const before = '$var(a) = "x"; $var(e) = "$var(a)-y";';
    expect(
      await runBody(`${before} xlog("$var(e)"); if ($var(e) == "$var(a)-y") xlog("$var(a)-y $$var");`),
    ).toEqual(['$var(a)-y', 'x-y $var']);
  });

  it('combines in place', async () => {
    expect(
      await runBody(`
        $var(n) = 5; $var(n) += 3; xlog("$var(n)");
        $var(n) -= 1; $var(n) *= 6; xlog("$var(n)"); $var(n) /= 4; $var(n) %= 7; xlog("$var(n)");
        $var(n) = 6; $var(n) &= 3; xlog("$var(n)"); $var(n) |= 8; $var(n) ^= 1; xlog("$var(n)");
        $var(t) = "a"; $var(t) += "b"; xlog("$var(t)");
        $var(t) += 1; xlog("$rc $var(t)");`),
    ).toEqual([
      '8',
      '42',
      '3',
      '2',
      '11',
      'ab',
      expect.stringContaining('cannot be calculated'),
      expect.anything(),
      '-1 ab',
    ]);
  });
});

describe('AVPs', () => {
  it('are stacks', async () => {
    expect(
      await runBody(`
        $avp(l) = "one"; $avp(l) = "two"; $avp(l) = 3;
        xlog("$avp(l) $(avp(l)[1]) $(avp(l)[2]) $(avp(l)[-1]) $(avp(l)[5])");
        xlog("$(avp(l)[*])");
        $(avp(l)[append]) = "last"; xlog("$(avp(l)[*])");
        $avp(l) = NULL; xlog("$(avp(l)[*])");
        $(avp(l)[1]) = NULL; xlog("$(avp(l)[*])");
        $(avp(l)[0]) = "zero"; xlog("$(avp(l)[*])");
        $avp(l) := "only"; xlog("$(avp(l)[*])");
        $avp(l) := NULL; xlog("$avp(l)");`),
    ).toEqual([
      '3 two one one <null>',
      '3, two, one',
      '3, two, one, last',
      'two, one, last',
      'two, last',
      'zero, last',
      'only',
      '<null>',
    ]);
  });

  it('have names that may hold variables, and indexes that may be variables', async () => {
    expect(
      await runBody(
        '$var(n) = "x"; $avp($var(n)) = "v"; $var(i) = 0; xlog("$avp(x) $(avp(x)[$var(i)]) $avp(s:x)");',
      ),
    ).toEqual(['v v v']);
  });
});

describe('statements', () => {
  it('falls through the cases of a switch without break', async () => {
    const script = (value: string) => `
      $var(v) = ${value};
      switch ($var(v)) {
        case 1: xlog("one"); break;
        case 2:
        case 3: xlog("two or three");
        case "four": xlog("four"); break;
        default: xlog("default");
      }
      xlog("end");`;
    expect(await runBody(script('1'))).toEqual(['one', 'end']);
    expect(await runBody(script('2'))).toEqual(['two or three', 'four', 'end']);
    expect(await runBody(script('"FOUR"'))).toEqual(['four', 'end']);
    expect(await runBody(script('9'))).toEqual(['default', 'end']);
  });

  it('loops, breaks, and ends loops that never end', async () => {
    expect(
      await runBody('$var(i) = 0; while ($var(i) < 3) { xlog("$var(i)"); $var(i) = $var(i) + 1; }'),
    ).toEqual(['0', '1', '2']);
    expect(
      await runBody('$var(i) = 0; while (1) { $var(i) += 1; if ($var(i) == 3) break; } xlog("$var(i)");'),
    ).toEqual(['3']);
    expect(
      await runBody('while (1) { $var(i) = 1; } xlog("on");', { global: 'max_while_loops = 5' }),
    ).toEqual([expect.stringContaining('this loop was ended after 5 rounds'), 'on']);
  });

  it('walks lists', async () => {
    expect(await runBody('$avp(a) = 1; $avp(a) = 2; for ($var(i) in $(avp(a)[*])) xlog("$var(i)");')).toEqual(
      ['2', '1'],
    );
    const headers = ['X-A: one', 'X-B: no', 'X-A: two'];
    expect(await runBody('for ($var(h) in $(hdr(X-A)[*])) { xlog("$var(h)"); }', { headers })).toEqual([
      'one',
      'two',
    ]);
  });

  it('returns codes and values from routes, with parameters', async () => {
    const more = `
      route[add] { $var(sum) = $param(1) + $param(2); return(7, $var(sum), "text"); }
      route[neg] { return(-3); }
      route[fall] { $var(x) = 1; }
      route[last] { route(neg); }
      route[name] { xlog("called $param(1)"); }`;
    expect(await runBody('route(add, 2, 3); xlog("$rc $return(0) $return(1) $retcode");', { more })).toEqual([
      '7 5 text 7',
    ]);
    // An "if" without a branch to take leaves its own outcome.
    expect(await runBody('if (route(neg)) exit; xlog("no $rc");', { more })).toEqual(['no 0']);
    expect(await runBody('if (!route(neg) && $retcode == -3) xlog("minus");', { more })).toEqual(['minus']);
    expect(await runBody('route(fall); xlog("$rc"); route(last); xlog("$rc");', { more })).toEqual([
      '1',
      '-3',
    ]);
    expect(
      await runBody('$var(n) = "name"; route($var(n), "x"); route("na$(var(m){s.len})me");', { more }),
    ).toEqual(['called x', expect.stringContaining('there is no route[na<null>me]')]);
  });

  it('ends the whole script with exit, return(0), drop, and a function that returns 0', async () => {
    for (const end of ['exit;', 'return(0);', 'drop;', 'exit();', 'drop();']) {
      expect(await runBody('xlog("a"); route(end); xlog("b");', { more: `route[end] { ${end} }` })).toEqual([
        'a',
      ]);
    }
    expect(
      await runBody('if (route(end) || 1) xlog("b"); xlog("c");', { more: 'route[end] { exit; }' }),
    ).toEqual([]);
  });

  it('ends routes that call each other without end', async () => {
    const lines = await runBody('route(a); xlog("on");', {
      more: 'route[a] { route(b); } route[b] { route(a); }',
    });
    expect(lines).toEqual([expect.stringContaining('routes call each other without end'), 'on']);
  });

  it('asserts where it is wanted, and then runs the error_route', async () => {
    const more = 'error_route { xlog("$err.info $err.rcode $err.rreason"); }';
    const body = '$var(a) = 1; assert($var(a) == 2, "no two"); xlog("on");';
    expect(await runBody(body, { more })).toEqual(['on']);
    expect(await runBody(body, { more, global: 'enable_asserts = yes' })).toEqual([
      expect.stringContaining('assertion failed: no two'),
      'assertion failed 500 server error',
    ]);
  });

  it('goes on in another route after async, and beside with launch', async () => {
    const global = 'loadmodule "cachedb_local.so"';
    const more =
      'route[then] { xlog("then $rc $avp(v) $var(gone)"); } route[report] { xlog("report $rc $param(1)"); }';
    expect(
      await runBody(
        '$var(gone) = 1; cache_store("local", "k", "v1"); async(cache_fetch("local", "k", $avp(v)), then); xlog("never");',
        { global, more },
      ),
    ).toEqual(['then 1 v1 <null>']);
    expect(
      await runBody('launch(cache_store("local", "k", "v"), report, "given $fU"); xlog("on");', {
        global,
        more,
      }),
    ).toEqual(['on', 'report 1 given alice']);
  });

  it('knows its line, its routes and its file', async () => {
    const more = 'route[inner] { xlog("$cfg_line $route $(route[1]) $(route[*]) $route.name $route.type"); }';
    expect(await runBody('route(inner);', { more })).toEqual([
      '3 route[inner] route route > route[inner] inner route',
    ]);
  });
});

describe('older spellings', () => {
  it.each([
    ['method=="OPTIONS"', true],
    ['method==OPTIONS', true],
    ['method!=INVITE', true],
    ['uri=~"^sip:bob"', true],
    ['uri==myself', false],
    ['uri!=myself', true],
    ['dst_ip==myself', true],
    ['from_uri=~"alice"', true],
    ['to_uri=~"alice"', false],
    ['src_ip==192.0.2.0/24', true],
    ['src_ip!=127.0.0.1', true],
    ['src_port==5060', true],
    ['dst_port==5060 and dst_ip==10.0.0.34', true],
    ['proto==UDP', true],
    ['proto==TCP', false],
    ['af==INET', true],
    ['msg:len > 10', true],
    ['msg:len >= 65535', false],
    ['not method=="REGISTER"', true],
  ])('%s', async (condition, expected) => {
    expect(await holds(condition)).toBe(expected);
  });
});
