// The scripts of the root package.json run this: `node scripts/oneport.mjs <command> [arguments]`.
//
// Any Node can parse this file, so that an old one prints a sentence instead of a syntax error. Everything else is imported
// after the check.
var major = Number(process.versions.node.split('.')[0]);

if (major < 20) {
  console.error(
    'oneport: setting up oneport requires Node.js 20 or newer, and this is ' +
      process.version +
      '. Install a newer one (nodejs.org, nvm, your package manager) and run this again.',
  );
  process.exit(1);
}

import('./launcher/main.mjs').then((launcher) => launcher.main(process.argv.slice(2)));
