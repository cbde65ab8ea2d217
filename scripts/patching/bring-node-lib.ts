// The set-up's step that brings patches of mediasoup's JavaScript to node_modules: run by the launcher, in Node 24.
import { interruptible } from '../setup/children.mjs';
import { root } from '../setup/paths.mjs';
import { SetUpError } from '../setup/set-up-error.mjs';
import { bringPatches, bringTree } from './node-lib.ts';
import { patchesFolder, readPatches } from './series.ts';
import { requireTree, treeFolder } from './tree.ts';
import { wishForTree } from './worker-wish.ts';

try {
  await interruptible(async () => {
    if (wishForTree()) {
      requireTree(treeFolder(root));
      await bringTree(root, treeFolder(root));
    } else {
      await bringPatches(root, readPatches(patchesFolder(root)));
    }
  });
} catch (error) {
  if (!(error instanceof SetUpError)) {
    throw error;
  }
  process.stderr.write(`\noneport: ${error.message}\n`);
  process.exitCode = error.exitCode;
}
