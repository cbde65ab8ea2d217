/** How `npm test` reports: a line as each file ends, what was flaky at the end, and counts for .ci/run. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import {
  DefaultReporter,
  type TestCase,
  type TestModule,
  type TestSpecification,
} from 'vitest/node';

const folder = 'test-results';
const slowestShown = 10;

/** Vitest's default reporter, whose lines also say how many files are left. */
export default class Reporter extends DefaultReporter {
  #files = 0;
  #finished = 0;

  constructor() {
    // The live view overwrites itself, which only a terminal can show.
    super({ summary: process.stdout.isTTY === true });
  }

  override onTestRunStart(specifications: readonly TestSpecification[]): void {
    this.#files = specifications.length;
    super.onTestRunStart(specifications);
  }

  override printTestModule(file: TestModule): void {
    this.#finished++;
    super.printTestModule(file);
  }

  override getEntityPrefix(entity: Parameters<DefaultReporter['getEntityPrefix']>[0]): string {
    const prefix = super.getEntityPrefix(entity);
    return entity.type === 'module' ? `${this.#finished}/${this.#files} ${prefix}` : prefix;
  }

  override onTestRunEnd(...args: Parameters<DefaultReporter['onTestRunEnd']>): void {
    const [files] = args;
    super.onTestRunEnd(...args);
    const tests = files.flatMap((file) => [...file.children.allTests()]);
    const count = (state: string) => tests.filter((one) => one.result().state === state).length;
    this.log(`Slowest files:\n${slowest(files).join('\n')}\n`);
    const flaky = tests.filter((one) => one.diagnostic()?.flaky).map(nameOf);
    for (const name of flaky) {
      this.log(`flaky: ${name}`);
    }
    mkdirSync(folder, { recursive: true });
    if (flaky.length > 0) {
      const now = new Date().toISOString();
      appendFileSync(`${folder}/flaky.txt`, flaky.map((name) => `${now} ${name}\n`).join(''));
    }
    // A file that can't be loaded fails without a single test.
    const unloaded = files.filter((file) => file.errors().length > 0).length;
    const failed = count('failed') + unloaded;
    const totals = `${count('passed')} passed, ${failed} failed, ${count('skipped')} skipped`;
    writeFileSync(`${folder}/totals.txt`, `${totals}\n`);
  }
}

function slowest(files: readonly TestModule[]): string[] {
  return files
    .map((file) => ({ file, seconds: file.diagnostic().duration / 1000 }))
    .sort((one, other) => other.seconds - one.seconds)
    .slice(0, slowestShown)
    .map(({ file, seconds }) => `${seconds.toFixed(1).padStart(7)} s  ${file.relativeModuleId}`);
}

function nameOf(test: TestCase): string {
  return `${test.module.relativeModuleId} > ${test.fullName}`;
}
