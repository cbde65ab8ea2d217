import type { View } from './view.ts';

/** `<!-- kernel-view: shared-port ss -lunp -->`, what is shown, `<!-- end of kernel-view -->`. */
const place = /(?<=<!-- kernel-view: (?<names>[^>]+) -->\n).*?(?=<!-- end of kernel-view -->)/gs;

/**
 * A page with what is shown now in its places. A place may name several parts, with commas between.
 *
 * @param page - Markdown
 * @throws Error when a place names what there isn't
 */
export function fillPage(page: string, view: View): string {
  return page.replace(place, (...found) => {
    const { names } = found.at(-1) as { names: string };
    const parts = names.split(', ').map((name) => {
      const text = view.get(name);
      if (text === undefined) {
        throw new Error(`there is no ${name}: ${[...view.keys()].join(', ')}`);
      }
      return text;
    });
    return `\`\`\`\n${parts.join('\n\n')}\n\`\`\`\n`;
  });
}
