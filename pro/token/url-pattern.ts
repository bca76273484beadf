// Patterns of named tokens: URL paths in which * stands for any text, slashes included.

const MAX_CHARS = 1024;

/** Why a pattern can't be used; undefined when it can. */
export function urlPatternFault(pattern: string): string | undefined {
  if (!pattern.startsWith('/') && !pattern.startsWith('*')) {
    return `'${pattern.slice(0, 64)}' does not begin with / or *`;
  }
  if (pattern.length > MAX_CHARS) return `a path is longer than ${MAX_CHARS} characters`;
  if (/\p{Cc}|\s/u.test(pattern)) return 'a path has spaces or control characters';
  return undefined;
}

/** Whether `urlPath` is what `pattern` means; takes linear time for each star. */
export function matchesUrlPattern(pattern: string, urlPath: string): boolean {
  const [head = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return urlPath === pattern;
  const tail = rest.pop() ?? '';
  if (!urlPath.startsWith(head) || urlPath.length < head.length + tail.length) return false;
  if (!urlPath.endsWith(tail)) return false;
  const end = urlPath.length - tail.length;
  let position = head.length;
  for (const part of rest) {
    const found = urlPath.indexOf(part, position);
    if (found < 0 || found + part.length > end) return false;
    position = found + part.length;
  }
  return true;
}
