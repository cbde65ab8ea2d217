// What the root package.json's scripts run: `node scripts/oneport.mjs <command> [arguments]`.
//
// Any Node parses this file, so that one that is too old gets a sentence instead of a syntax error. That
// is why the rest is imported only after the check.
var major = Number(process.versions.node.split('.')[0]);

if (major < 20) {
  console.error(
    'oneport: Node.js 20 or newer is needed to set oneport up, and this is ' +
      process.version +
      '. Install a newer one (nodejs.org, nvm, your package manager) and run this again.',
  );
  process.exit(1);
}

import('./launcher/main.mjs').then((launcher) => launcher.main(process.argv.slice(2)));
