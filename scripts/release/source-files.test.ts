import { expect, test } from 'vitest';
import { temporaryFolder } from '../../testkit/system/temporary-folder.ts';
import { sourceFiles } from './source-files.ts';

test('follows what a program needs, and nothing else', () => {
  const root = temporaryFolder({
    'server/main.ts': "import { a } from './a.ts';\nawait import('../lib/late.ts');\nimport 'zod';",
    'server/a.ts': "import type {\n  B,\n} from './b.ts';\nnew URL('a.bin', import.meta.url);",
    'server/b.ts': "import './a.ts';\nimport x from '@oneport/protocol';",
    'server/a.bin': '',
    'server/a.test.ts': "import './a.ts';",
    'lib/late.ts': "new URL('../app/dist', import.meta.url)",
    'app/dist/index.html': '',
  });
  expect(sourceFiles(root, ['server/main.ts']).sort()).toEqual([
    'app/dist',
    'lib/late.ts',
    'server/a.bin',
    'server/a.ts',
    'server/b.ts',
    'server/main.ts',
  ]);
});

test('says what is missing', () => {
  const root = temporaryFolder({ 'main.ts': "import './gone.ts';" });
  expect(() => sourceFiles(root, ['main.ts'])).toThrow("gone.ts is needed and isn't there");
});
