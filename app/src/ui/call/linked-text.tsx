/** Other schemes, such as `javascript:` and `data:`, stay text. */
const address = /\bhttps?:\/\/[^\s<>"'`]+/gi;

/** Characters that usually end a sentence rather than an address. */
const endOfSentence = /[.,:;!?)\]}»”’…]+$/;

/** @returns the parts of a text in order; an address of a website has `href` */
export function splitLinks(text: string): { text: string; href?: string }[] {
  const parts: { text: string; href?: string }[] = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(address)) {
    const shown = withoutEndOfSentence(found);
    if (!URL.canParse(shown)) {
      continue;
    }
    if (index > end) {
      parts.push({ text: text.slice(end, index) });
    }
    parts.push({ text: shown, href: new URL(shown).href });
    end = index + shown.length;
  }
  if (end < text.length) {
    parts.push({ text: text.slice(end) });
  }
  return parts;
}

/** A text of another person, in which addresses of websites are links. */
export function LinkedText({ text }: { text: string }) {
  let at = 0;
  return splitLinks(text).map((part) => {
    const key = at;
    at += part.text.length;
    return part.href === undefined ? (
      part.text
    ) : (
      <a key={key} href={part.href} target="_blank" rel="noopener noreferrer nofollow">
        {part.text}
      </a>
    );
  });
}

/** A closing bracket belongs to the address that has its opening one, as in Wikipedia's. */
function withoutEndOfSentence(found: string): string {
  const ending = endOfSentence.exec(found)?.[0] ?? '';
  const shown = found.slice(0, found.length - ending.length);
  const opened = shown.split('(').length - shown.split(')').length;
  return opened > 0 && ending.startsWith(')') ? `${shown})` : shown;
}
