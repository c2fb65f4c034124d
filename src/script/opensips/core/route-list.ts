/** Route values with commas between, one by one; commas in quotes and brackets belong to them. */
export function splitRoutes(text: string): readonly string[] {
  const routes: string[] = [];
  let quoted = false;
  let bracketed = false;
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const c = text[at];
    if (quoted) {
      if (c === '\\') at++;
      else if (c === '"') quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === '<') bracketed = true;
    else if (c === '>') bracketed = false;
    else if (c === ',' && !bracketed) {
      routes.push(text.slice(from, at).trim());
      from = at + 1;
    }
  }
  routes.push(text.slice(from).trim());
  return routes.filter((route) => route !== '');
}
