export const usage = `Usage: npm run patch -- <command> [options]

A patch of mediasoup begins as a commit in a work tree, mediasoup/ in this checkout, and ends as a file in patches/.

  checkout [--force]        mediasoup's npm tarball as a git work tree: one commit for the tarball, then one for
                            each patch. Refuses to lose work; with --force the work stays in the repository
  new NAME                  begin a patch: a commit with the header to fill in; changes that lie in the tree go in
  build [--debug|--asan]    compile the worker out of the tree: only what changed
  test  [--release|--asan]  the worker's own C++ unit tests, in a debug build unless told otherwise
    [--pinned]              with the patches in patches/, without the tree; at once when they have passed before
  export                    commits to patches/*.patch and patches/series
  check                     do the patches apply, in order and alone? Are the headers whole? Does node/lib/fbs
                            agree with worker/fbs? (npm run check does this too)
  upgrade VERSION           rebase the commits onto another mediasoup release
    [--dry-run] [--build]   say only what would become of each patch; say also whether the result builds and passes
  prove [NAME]              show that each patch's test fails without the patch

The life of a patch:

  npm run patch -- checkout
  $EDITOR mediasoup/worker/src/RTC/WebRtcServer.cpp
  npm run patch -- build                       # seconds
  npm start -- --worker=tree                   # your worker and your node/lib, in the browser
  npm run patch -- new say-hello               # a commit; then write its header:
  git -C mediasoup commit --amend --all
  npm run patch -- export                      # patches/say-hello.patch
  npm test && git add patches && git commit

A change of a patch that exists is \`git commit --fixup\` and \`git rebase -i --autosquash\` in mediasoup/: it is an
ordinary git repository, and its last word is \`git log\`.

ONEPORT_TREE names another folder than mediasoup/. docs/patching.md walks through all of it.
`;
