import { literalDefault, type Setting, settingGroups } from './settings.ts';

const width = 96;
const indent = ' '.repeat(6);

/** @returns the text of `npm start -- --help`: every setting with its meaning and default */
export function describeSettings(): string {
  const groups = Object.entries(settingGroups).map(
    ([title, group]) =>
      `${title}\n\n${Object.entries<Setting>(group).map(describe).join('\n\n')}\n`,
  );
  return [
    'oneport is configured by environment variables. All have defaults that work on this machine;',
    'an empty value counts as unset.',
    '',
    ...groups,
  ].join('\n');
}

function describe([name, setting]: [string, Setting]): string {
  const unset = setting.unset ?? literalDefault(setting);
  return `  ${name}\n${wrap(setting.help)}\n${wrap(`Default: ${unset}.`)}`;
}

function wrap(text: string): string {
  const lines = text.match(new RegExp(`\\S.{0,${width - indent.length - 1}}(?=\\s|$)`, 'g'));
  return (lines ?? []).map((line) => indent + line).join('\n');
}
