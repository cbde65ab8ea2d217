import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { enterPrivateNetwork } from '../port-lab/sockets.ts';
import { aptInstall, hasApt } from '../setup/apt.mjs';
import { interruptible } from '../setup/children.mjs';
import { root } from '../setup/paths.mjs';
import { SetUpError } from '../setup/set-up-error.mjs';
import { fillPage } from './pages.ts';
import { usage } from './usage.ts';
import { lookAtKernel, type View } from './view.ts';

async function main(args: string[]): Promise<void> {
  const { write, help } = readArgs(args);
  if (help) {
    process.stdout.write(usage);
    return;
  }
  if (process.platform !== 'linux' || process.geteuid?.() !== 0) {
    throw new SetUpError('kernel-view takes Linux and root', { advice: usage });
  }
  if (hasApt()) {
    await aptInstall(['bpftool', 'iproute2', 'strace'], 'to look into the kernel');
  }
  if (!enterPrivateNetwork()) {
    throw new SetUpError('kernel-view takes a network of its own, which needs CAP_SYS_ADMIN');
  }
  const view = await interruptible(lookAtKernel);
  if (write) {
    writePages(view);
  } else {
    for (const [name, text] of view) {
      process.stdout.write(`== ${name}\n${text}\n\n`);
    }
  }
}

function writePages(view: View): void {
  const folder = join(root, 'docs');
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.md'))) {
    const file = join(folder, name);
    const before = readFileSync(file, 'utf8');
    const after = fillPage(before, view);
    if (after === before) {
      continue;
    }
    writeFileSync(file, after);
    process.stdout.write(`docs/${name} is written\n`);
  }
}

function readArgs(args: string[]) {
  try {
    return parseArgs({
      args,
      options: { write: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    }).values;
  } catch (error) {
    throw new SetUpError(error instanceof Error ? error.message : String(error), {
      advice: usage,
      exitCode: 2,
    });
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetUpError)) {
    throw error;
  }
  process.stderr.write(`\noneport: ${error.message}\n`);
  process.exitCode = error.exitCode;
}
