/**
 * Breaks text into lines.
 *
 * @param width - Columns; a word that is longer has a line of its own. No wide characters.
 */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];

  for (const word of text.split(' ')) {
    const last = lines.at(-1);

    if (last !== undefined && last.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else {
      lines.push(word);
    }
  }

  return lines;
}

/**
 * Text below a heading: the first line begins with `first`, the others with as many spaces.
 *
 * @param width - Columns, those of `first` included.
 */
export function hanging(first: string, text: string, width: number): string[] {
  return wrap(text, width - first.length).map(
    (line, i) => (i === 0 ? first : ' '.repeat(first.length)) + line,
  );
}
