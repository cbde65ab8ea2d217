/**
 * Makes progress for people out of ninja's `[37/279] Compiling...`.
 *
 * @param show - Told a text now and then.
 * @param stepPercent - How much must have happened until it is told again: 1 on a terminal, 10 in a log.
 * @returns To be called with each line of ninja's output.
 */
export function ninjaProgress(
  show: (text: string) => void,
  stepPercent: number,
): (line: string) => void {
  let shown = -1;

  return (line) => {
    const [, done, all] = line.match(/^\[(\d+)\/(\d+)\]/) ?? [];

    if (done === undefined || all === undefined) {
      return;
    }

    const percent = Math.floor((100 * Number(done)) / Number(all) / stepPercent) * stepPercent;

    if (percent > shown) {
      shown = percent;
      show(`compiled ${percent} %`);
    }
  };
}
